//! The schema of a state machine in a file of the user's repository, which a test of the user holds the types against.

use super::commands::Commands;
use super::proxy::Proxy;
use super::schema::{Found, schema_of};
use crate::codec::shape::parse;
use crate::codec::shape::schema::{Difference, What};
use crate::error::CommandsError;
use std::path::Path;

const HEADER: &str = "\
# The commands of a replicated state machine, and how their arguments and results are encoded. Logs and programs of
# other versions rely on it. Written by `copycat::assert_schema`; keep it in version control.

";

/// Checks in a test that the commands of a state machine are still those in a file, which is written by the first run.
///
/// A log is read again by the versions of the program that follow, and members and remote handles of two versions
/// talk to each other while a cluster is upgraded. So a command must keep its name and the shapes of its arguments and
/// its result. The file records them. Cargo runs a test in the folder of its package, where a relative path begins.
///
/// ```no_run
/// # use copycat::state_machine;
/// # #[state_machine]
/// # pub trait Bank {
/// #     #[write]
/// #     fn deposit(&mut self, #[key] account: String, cents: u64) -> u64;
/// # }
/// // In a function marked `#[test]`:
/// copycat::assert_schema::<AsyncBank>("bank.schema");
/// ```
///
/// A new command is added to the file. So is the shape of a type that was found out for the first time, and an
/// `opaque` in the place of one that cannot be found out any more: no change of such a type can be noticed. If the environment variable `CI` is set, nothing is written, and a file that
/// lacks something is an error: what a build server writes is lost.
///
/// # Panics
///
/// If a command changed or is gone, with the differences; if a type of the commands can never be decoded; if the file
/// cannot be read, or not be written.
#[track_caller]
pub fn assert_schema<P: Proxy>(path: impl AsRef<Path>) {
    if let Err(problem) = check_file::<P::Commands>(path.as_ref(), std::env::var_os("CI").is_some()) {
        panic!("{problem}");
    }
}

/// Holds the schema against the file, and adds to it what is new.
fn check_file<C: Commands>(path: &Path, frozen: bool) -> Result<(), String> {
    let shown = path.display();
    let Found { schema, flaws, .. } = schema_of::<C>();
    if !flaws.is_empty() {
        return Err(CommandsError::Undecodable(flaws).to_string());
    }
    let recorded = match std::fs::read_to_string(path) {
        Ok(text) => Some(parse::parse(&text).map_err(|error| format!("{shown}: {error}"))?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(format!("{shown}: {error}")),
    };
    let differences = recorded.as_ref().map_or_else(Vec::new, |recorded| recorded.differences(&schema));
    let breaking: Vec<_> = differences.iter().filter(|difference| !is_addition(difference)).collect();
    if !breaking.is_empty() {
        let lines: String = breaking.iter().map(|difference| format!("\n  {difference}")).collect();
        return Err(format!(
            "the commands of `{}` do not fit {shown}:{lines}\nLogs that exist, and members and remote handles of the \
             version before, would be misread. Give a command that changes a new name, and keep the old one as long \
             as a log may hold it. A field or variant that only has a new name keeps the old one with `#[serde(rename \
             = …)]`. If no log exists yet, delete the file.",
            schema.name
        ));
    }
    let otherwise = recorded.as_ref().map_or_else(Vec::new, |recorded| recorded.otherwise_known(&schema));
    if recorded.is_some() && differences.is_empty() && otherwise.is_empty() {
        return Ok(());
    }
    if frozen {
        let lacks = match recorded {
            None => "does not exist".into(),
            Some(_) if !differences.is_empty() => "lacks new commands".into(),
            Some(_) => format!(
                "lacks what is known of types in `{}` now, or is not any more",
                otherwise.join("`, `")
            ),
        };
        return Err(format!("{shown} {lacks}: run this test where `CI` is not set, and commit the file"));
    }
    std::fs::write(path, format!("{HEADER}{schema}")).map_err(|error| format!("{shown}: {error}"))
}

fn is_addition(difference: &Difference) -> bool {
    difference.what == What::Added
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::ids::MethodId;
    use crate::resource::commands::Method;
    use serde_json::Value;

    macro_rules! commands {
        ($name:ident: $($method:ident($($argument:ident: $type:ty),*) -> $result:ty),*) => {
            struct $name;
            impl Commands for $name {
                const NAME: &'static str = "Bank";
                const METHODS: &'static [Method] = &[$(Method::write(
                    stringify!($method),
                    &[$(stringify!($argument)),*],
                    |_, _| Ok(()),
                    |shapes| {
                        $(shapes.argument::<$type>(stringify!($type));)*
                        shapes.result::<$result>(stringify!($result));
                    },
                )),*];
            }
        };
    }

    commands!(First: add(by: u32) -> u64, close() -> ());
    commands!(Grown: add(by: u32) -> u64, close() -> (), audit(since: u64) -> Vec<String>);
    commands!(Signed: add(by: i32) -> u64, close() -> ());
    commands!(Smaller: add(by: u32) -> u64);
    commands!(Known: add(by: u32) -> u64, close(why: Vec<u8>) -> ());
    commands!(Unknown: add(by: u32) -> u64, close(why: Unguessed) -> ());
    commands!(Flawed: add(by: Vec<Value>) -> Value);

    #[test]
    fn the_first_run_writes_the_file_and_later_ones_check_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bank.schema");
        let refused = check_file::<First>(&path, true).unwrap_err();
        assert!(refused.contains("does not exist: run this test where `CI` is not set"), "{refused}");
        assert!(!path.exists());
        check_file::<First>(&path, false).unwrap();
        let written = std::fs::read_to_string(&path).unwrap();
        let line = format!("write add(by: u32) -> u64, id {:#010x}\n", MethodId::of("add").0);
        assert!(written.starts_with("# The commands") && written.contains(&line), "{written}");
        check_file::<First>(&path, true).unwrap();

        let refused = check_file::<Signed>(&path, false).unwrap_err();
        assert!(refused.contains("`add`: its argument `by` was u32, and is i32\n"), "{refused}");
        let refused = check_file::<Smaller>(&path, false).unwrap_err();
        assert!(refused.contains("`close`: is gone\n"), "{refused}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), written, "what is refused changes nothing");

        let refused = check_file::<Grown>(&path, true).unwrap_err();
        assert!(refused.contains("lacks new commands"), "{refused}");
        check_file::<Grown>(&path, false).unwrap();
        check_file::<Grown>(&path, true).unwrap();
        assert!(check_file::<First>(&path, true).is_err(), "what is in the file is promised");

        std::fs::write(&path, "nonsense").unwrap();
        let refused = check_file::<First>(&path, false).unwrap_err();
        assert!(refused.contains("line 1: expected"), "{refused}");
    }

    /// A type whose shape is not found out.
    #[derive(serde::Serialize)]
    struct Unguessed;

    impl<'de> serde::Deserialize<'de> for Unguessed {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Unguessed, D::Error> {
            Ok(Unguessed)
        }
    }

    #[test]
    fn a_shape_that_became_known_or_unknown_changes_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bank.schema");
        let says = |what: &str| std::fs::read_to_string(&path).unwrap().contains(what);
        check_file::<Unknown>(&path, false).unwrap();
        assert!(says("close(why: opaque Unguessed)"));
        check_file::<Unknown>(&path, true).unwrap();

        let refused = check_file::<Known>(&path, true).unwrap_err();
        assert!(refused.contains("lacks what is known of types in `close` now"), "{refused}");
        check_file::<Known>(&path, false).unwrap();
        assert!(says("Vec<u8>") && !says("opaque"));
        check_file::<Known>(&path, true).unwrap();

        let refused = check_file::<Unknown>(&path, true).unwrap_err();
        assert!(refused.contains("or is not any more"), "{refused}");
        check_file::<Unknown>(&path, false).unwrap();
        assert!(says("close(why: opaque Unguessed)"));
    }

    #[test]
    fn types_that_cannot_be_decoded_are_named() {
        let refused = check_file::<Flawed>(Path::new("never written"), false).unwrap_err();
        assert!(
            refused.starts_with("`Vec<Value>` in `add`; `Value` in `add`: values of it cannot be decoded"),
            "{refused}"
        );
    }
}
