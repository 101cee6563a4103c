//! Properties that every clone relies on: the README's two commands, what CI runs, and no trace of the machine on
//! which a file was written.

use super::report::{Report, Rule};
use super::workspace::Workspace;

/// The commands that start the demo and run all tests.
const COMMANDS: [&str; 2] = ["cargo run --release", "cargo test --workspace"];

const README_RULE: Rule =
    Rule { name: "readme", mend: "name the command in README.md, on a line of its own" };
const CI_RULE: Rule = Rule { name: "ci", mend: "let .ci/run call the very command that README.md names" };
const MACHINE_RULE: Rule =
    Rule { name: "machine", mend: "use relative paths, temporary directories, and public hosts" };

/// Folders of a developer's machine. They are split, because this file is checked like any other.
const FOLDERS: [&str; 4] =
    [concat!("/wo", "rk"), concat!("/ro", "ot"), concat!("/ho", "me"), concat!("/Us", "ers")];

/// Parts of host names that reveal a private registry or proxy.
const PRIVATE_HOSTS: [&str; 7] = ["artifactory", "nexus", "mirror", "proxy", ".internal", ".local", ".lan"];

pub(crate) fn check(workspace: &Workspace, report: &mut Report) {
    check_command("README.md", README_RULE, workspace, report);
    check_command(".ci/run", CI_RULE, workspace, report);
    for file in &workspace.files {
        for (before, line) in file.text.lines().enumerate() {
            for found in FOLDERS.iter().filter(|folder| names_folder(line, folder)) {
                report.line(MACHINE_RULE, &file.path, before + 1, format!("names `{found}` of some machine"));
            }
            for host in hosts(line).filter(|host| is_private(host)) {
                report.line(MACHINE_RULE, &file.path, before + 1, format!("names the host `{host}`"));
            }
        }
    }
}

fn check_command(path: &str, rule: Rule, workspace: &Workspace, report: &mut Report) {
    let text = workspace.file(path).map_or("", |file| file.text.as_str());
    for command in COMMANDS {
        let lines = text.lines().map(|line| line.trim().trim_start_matches("$ "));
        let mut said = lines.filter(|line| !line.starts_with('#')).map(|line| line.contains(command));
        if !said.any(|said| said) {
            report.line(rule, path, 1, format!("does not say `{command}`"));
        }
    }
}

/// Returns whether the line holds the folder as an absolute path, neither below another one nor as part of a longer
/// name.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + folder.len()..].chars().next();
        let continues = |c: char| c.is_alphanumeric() || "_-".contains(c);
        !before.is_some_and(|c| continues(c) || ".<>)}]*/$".contains(c)) && !after.is_some_and(continues)
    })
}

/// Returns the hosts of the URLs of a line.
fn hosts(line: &str) -> impl Iterator<Item = &str> {
    line.split("://").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && !".-_:@".contains(c));
        &rest[..end.unwrap_or(rest.len())]
    })
}

/// Returns whether the host looks like one that only some machines reach, or carries a password.
fn is_private(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or(host);
    let telling =
        |part: &&str| if part.starts_with('.') { name.ends_with(*part) } else { name.contains(*part) };
    host.contains('@') || PRIVATE_HOSTS.iter().any(telling)
}

#[cfg(test)]
mod tests {
    use super::super::report::found_in;
    use super::{COMMANDS, FOLDERS, check};

    fn told(path: &str, line: &str) -> Vec<String> {
        let commands = COMMANDS.join("\n");
        found_in(&[("README.md", &commands), (".ci/run", &commands), (path, line)], check)
    }

    #[test]
    fn the_commands_are_named_and_run() {
        let files =
            [("README.md", COMMANDS[0]), (".ci/run", "# cargo test --workspace\ncargo run --release\n")];
        assert_eq!(found_in(&files, check), ["ci .ci/run:1", "readme README.md:1"]);
        assert_eq!(found_in(&[], check).len(), 4);
        assert!(told("a.md", "").is_empty());
    }

    #[test]
    fn traces_of_a_machine_are_found() {
        for folder in FOLDERS {
            for line in [format!("cd {folder}/x"), format!("\"{folder}\""), format!("HOME={folder}")] {
                assert_eq!(told("a.md", &line), ["machine a.md:1"], "{line}");
            }
            for line in [
                format!("frame{folder}"),
                format!("..{folder}/x"),
                format!("{folder}ing"),
                format!("${{x}}{folder}"),
            ] {
                assert_eq!(told("a.md", &line), [""; 0], "{line}");
            }
        }
    }

    #[test]
    fn private_hosts_are_found() {
        for host in ["crates.mirror.example", "user:word@example.org", "build.internal:8080"] {
            assert_eq!(told("a.toml", &format!("see https://{host}/x")), ["machine a.toml:1"], "{host}");
        }
        assert!(told("a.md", "https://raft.github.io/raft.pdf and http://127.0.0.1:7400").is_empty());
    }
}
