//! Makes programs of a text: one of all Rust in a section, and others that call the functions that it defines.

use std::fmt::Write;
use std::fs;
use std::path::Path;

/// A program made from a section.
pub(crate) struct Program {
    /// The name of the section, with a suffix for the kind of program.
    pub name: String,
    /// The whole source.
    pub source: String,
    /// Whether the program needs no other process.
    pub runs_alone: bool,
}

/// Returns the programs of a text. The addresses are those of the members that run as processes: three for the first
/// section, and three for the others.
pub(crate) fn of(text: &str, addresses: &[String]) -> Vec<Program> {
    let mut programs = Vec::new();
    for section in text.split("\n## ").skip(1) {
        let blocks: Vec<&str> =
            section.split("```rust\n").skip(1).filter_map(|block| block.split("```").next()).collect();
        if !blocks.is_empty() {
            let title = section.lines().next().unwrap_or_default();
            programs.extend(programs_of(&name(title), &here(&blocks.join("\n"), addresses)));
        }
    }
    programs
}

fn name(title: &str) -> String {
    let title = title.to_lowercase();
    let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}

/// Adapts the program to this machine: it uses free ports, and does not pause for people.
fn here(source: &str, addresses: &[String]) -> String {
    let listed = format!("[\"\", {:?}, {:?}, {:?}][id as usize]", addresses[0], addresses[1], addresses[2]);
    let mut source = source.replace("format!(\"127.0.0.1:740{id}\")", &listed);
    for (number, address) in (1..).zip(&addresses[3..]) {
        source = source.replace(&format!("10.0.0.{number}:7400"), address);
    }
    source.replace("Duration::from_secs(1)", "Duration::from_millis(50)")
}

/// Makes the programs of a section: the section itself if it has a `main`, one that calls the functions that take a
/// member or a remote handle, and one that calls the functions that take nothing.
fn programs_of(name: &str, source: &str) -> Vec<Program> {
    let mut programs = Vec::new();
    let mut add = |suffix: &str, source: String, runs_alone| {
        // A reader who copies it must see no warning, except for code that only one of two kinds of processes calls.
        let source = format!("#![deny(warnings)]\n#![allow(dead_code)]\n\n{source}");
        programs.push(Program { name: format!("{name}{suffix}"), source, runs_alone });
    };
    let (inside, elsewhere) = calls(source);
    let own = "#[tokio::main]\nasync fn main()";
    if source.contains(own) {
        add("", source.to_owned(), false);
    }
    let library = source.replace(own, "async fn own_main()").replace("#[test]\n", "");
    if !inside.is_empty() {
        add("_called", format!("{library}\n{}", main_of(&format!("{MEMBER}{inside}"))), true);
    }
    if !elsewhere.is_empty() {
        add("_elsewhere", format!("{library}\n{}", main_of(&elsewhere)), false);
    }
    programs
}

/// A member in memory, and a remote handle to it.
const MEMBER: &str = r#"
    let network = copycat::MemoryNetwork::new();
    let one = copycat::Member::new(1, "one:1");
    let cluster = copycat::Cluster::builder().with_member_id(1).add_seed(one.clone()).build()?;
    let member = copycat::Copycat::builder().with_cluster(cluster).with_storage(copycat::Storage::memory());
    let member = &member.with_memory_network(&network).open().await?;
    let _remote = &copycat::Remote::builder().add_member(one).with_memory_network(&network).connect().await?;
"#;

fn main_of(body: &str) -> String {
    format!("#[tokio::main]\nasync fn main() -> Result<(), copycat::Error> {{{body}    Ok(())\n}}\n")
}

/// Returns calls of the functions of a program, in their order: of tests and those that take a member or a remote
/// handle, and of those that take nothing.
fn calls(source: &str) -> (String, String) {
    let (mut inside, mut elsewhere) = (String::new(), String::new());
    let before = std::iter::once("").chain(source.lines());
    for (line, before) in source.lines().zip(before) {
        let (awaited, rest) = match line.strip_prefix("async fn ") {
            Some(rest) => (".await", rest),
            None => ("", line.strip_prefix("fn ").unwrap_or_default()),
        };
        let Some((name, arguments)) = rest.split_once('(') else { continue };
        if before == "#[test]" {
            writeln!(inside, "    {name}();").expect("a string takes all");
            continue;
        }
        let (calls, argument) = match arguments.split_once(')').map(|(arguments, _)| arguments) {
            Some("copycat: &Copycat") => (&mut inside, "member"),
            Some("remote: &Remote") => (&mut inside, "_remote"),
            Some("") if name != "main" => (&mut elsewhere, ""),
            _ => continue,
        };
        writeln!(calls, "    {name}({argument}){awaited}?;").expect("a string takes all");
    }
    (inside, elsewhere)
}

/// Writes a package of the programs, as a user outside the repository would.
pub(crate) fn write(package: &Path, repository: &Path, programs: &[Program]) {
    let examples = package.join("examples");
    // Programs of an earlier README are removed.
    let _ = fs::remove_dir_all(&examples);
    fs::create_dir_all(&examples).expect("a folder");
    fs::create_dir_all(package.join("src")).expect("a folder");
    fs::write(package.join("src/lib.rs"), "").expect("an empty library");
    fs::copy(repository.join("Cargo.lock"), package.join("Cargo.lock")).expect("the lock");
    let manifest = MANIFEST.replace("REPOSITORY", repository.to_str().expect("a plain path"));
    fs::write(package.join("Cargo.toml"), manifest).expect("the manifest");
    for program in programs {
        fs::write(examples.join(&program.name).with_extension("rs"), &program.source).expect("a program");
    }
}

/// The dependencies that the README names. The profile is that of `external/`, the crate of a user, so that both share
/// the build of the framework.
const MANIFEST: &str = r#"[package]
name = "readme"
version = "0.1.0"
edition = "2024"

[dependencies]
copycat = { path = "REPOSITORY/copycat" }
copycat-collections = { path = "REPOSITORY/collections" }
serde = { version = "1", features = ["derive"] }
tokio = { version = "1", features = ["rt-multi-thread", "macros", "time"] }

[profile.dev]
debug = "line-tables-only"

[profile.dev.package."*"]
debug = false

[profile.dev.package.copycat]
opt-level = 1

[workspace]
"#;

#[test]
fn a_section_is_one_program_and_another_calls_it() {
    let text = "# A\n```rust\nno section\n```\n## B: c\n```sh\nrun\n```\n```rust\n#[tokio::main]\nasync fn main() {\n```\n\
                ```rust\nasync fn d(copycat: &Copycat) {}\nfn e(remote: &Remote) {}\nasync fn f() {}\n\
                #[test]\nfn t() {}\n```\n## G\n";
    let programs = of(text, &[const { String::new() }; 6]);
    let names: Vec<_> = programs.iter().map(|program| (program.name.as_str(), program.runs_alone)).collect();
    assert_eq!(names, [("b_c", false), ("b_c_called", true), ("b_c_elsewhere", false)]);
    assert!(programs[1].source.contains("    d(member).await?;\n    e(_remote)?;\n    t();\n    Ok(())"));
    assert!(programs[2].source.contains("{    f().await?;\n    Ok(())"));
}
