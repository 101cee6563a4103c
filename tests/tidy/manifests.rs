//! Each dependency states its reason, and all come from one registry.

use super::report::{Report, Rule};
use super::workspace::{File, Workspace};

const REASON_RULE: Rule = Rule {
    name: "dependency-reason",
    mend: "say in a comment directly above, or behind it, what it is needed for",
};
const GUEST_RULE: Rule = Rule {
    name: "guest-dependency",
    mend: "collections and examples build on `copycat` as users do: without its macros crate or its test features",
};
const LOCK_RULE: Rule = Rule { name: "lock", mend: "commit Cargo.lock, with every package from crates.io" };

pub(crate) fn check(workspace: &Workspace, report: &mut Report) {
    let manifests = workspace.files.iter().filter(|file| file.path.rsplit('/').next() == Some("Cargo.toml"));
    for manifest in manifests {
        for dependency in dependencies(&manifest.text) {
            check_dependency(manifest, &dependency, report);
        }
    }
    check_lock(workspace.file("Cargo.lock"), report);
}

/// One dependency as a manifest declares it.
struct Dependency<'a> {
    line: usize,
    name: &'a str,
    /// The value after the name.
    value: &'a str,
    reasoned: bool,
    /// Whether users build it, not only this workspace's tests.
    shipped: bool,
}

/// Returns the dependencies of a manifest, both lines (`a = "1"`) and tables (`[dependencies.a]`).
fn dependencies(manifest: &str) -> Vec<Dependency<'_>> {
    let (mut found, mut section, mut above) = (Vec::new(), "", "");
    for (before, line) in manifest.lines().enumerate() {
        let trimmed = line.trim();
        let entry = match trimmed.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((table, _)) => {
                section = table;
                table.split_once("dependencies.").map(|(_, name)| (name, ""))
            }
            None if section.ends_with("dependencies") && !trimmed.starts_with('#') => trimmed.split_once('='),
            None => None,
        };
        if let Some((name, value)) = entry {
            let reasoned = above.starts_with('#') || trimmed.contains(" # ");
            let shipped = !section.contains("dev-dependencies");
            found.push(Dependency {
                line: before + 1,
                name: name.trim(),
                value: value.trim(),
                reasoned,
                shipped,
            });
        }
        above = trimmed;
    }
    found
}

fn check_dependency(manifest: &File, dependency: &Dependency<'_>, report: &mut Report) {
    let Dependency { line, name, value, reasoned, shipped } = dependency;
    // The workspace's manifest states the reason of a shared dependency. Members of the workspace need no reason.
    let shared =
        name.ends_with(".workspace") || value.contains("workspace = true") || value.contains("path =");
    if !shared && !reasoned {
        report.line(REASON_RULE, &manifest.path, *line, format!("`{name}` gives no reason"));
    }
    let guest = ["collections/Cargo.toml", "examples/Cargo.toml"].contains(&manifest.path.as_str());
    if guest && *shipped && (name.starts_with("copycat-macros") || value.contains("\"testing\"")) {
        report.line(
            GUEST_RULE,
            &manifest.path,
            *line,
            format!("depends on the inside of the framework: `{name}`"),
        );
    }
}

fn check_lock(lock: Option<&File>, report: &mut Report) {
    let Some(lock) = lock else { return report.line(LOCK_RULE, "Cargo.lock", 1, "is not tracked") };
    for (before, line) in lock.text.lines().enumerate() {
        let foreign = line
            .strip_prefix("source = ")
            .filter(|source| !source.contains("github.com/rust-lang/crates.io-index"));
        if let Some(source) = foreign {
            report.line(LOCK_RULE, &lock.path, before + 1, format!("a package from {source}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::found_in;
    use super::check;

    const LOCK: (&str, &str) =
        ("Cargo.lock", "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n");

    #[test]
    fn dependencies_give_their_reasons() {
        let manifest = "[package]\nname = \"a\"\n[dependencies]\n# Buffers.\nbytes = \"1\"\nserde = \"1\"\n\
                        copycat = { workspace = true }\nlog.workspace = true\n\n\
                        [dev-dependencies]\nproptest = \"1\" # Random cases.\n\
                        [target.'cfg(unix)'.dependencies.rustix]\nversion = \"1\"\n[lints]\nworkspace = true\n";
        let found = found_in(&[("copycat/Cargo.toml", manifest), LOCK], check);
        assert_eq!(
            found,
            ["dependency-reason copycat/Cargo.toml:6", "dependency-reason copycat/Cargo.toml:12"]
        );
    }

    #[test]
    fn guests_depend_as_users_do() {
        let manifest = "[dependencies]\ncopycat = { workspace = true, features = [\"testing\"] }\n\
                        copycat-macros = { workspace = true }\n[dev-dependencies]\n\
                        copycat = { workspace = true, features = [\"testing\"] }\n";
        let found = found_in(&[("collections/Cargo.toml", manifest), LOCK], check);
        assert_eq!(
            found,
            ["guest-dependency collections/Cargo.toml:2", "guest-dependency collections/Cargo.toml:3"]
        );
        assert!(found_in(&[("tests/Cargo.toml", manifest), LOCK], check).is_empty());
    }

    #[test]
    fn the_lock_is_kept_and_names_one_registry() {
        assert_eq!(found_in(&[], check), ["lock Cargo.lock:1"]);
        let lock = "version = 4\nsource = \"git+https://github.com/someone/fork\"\n";
        assert_eq!(found_in(&[("Cargo.lock", lock)], check), ["lock Cargo.lock:2"]);
    }
}
