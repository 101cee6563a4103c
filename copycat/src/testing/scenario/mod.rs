//! Replays readable scripts against pure cores. There is no clock, disk or network except the ones that the script
//! moves by hand. A replay judges nothing: it prints what happened, and the test compares.
//!
//! Begin with [`replay`], then `commands` for the language.
//!
//! ```text
//! # Prose: what must hold, and why.
//!
//! > cluster 1 2
//! > campaign 2
//!   2 → 1 RequestVote term=1 last=(0,0) pre campaign=2001
//!   2 is pre-candidate of term 0
//! ```
//!
//! A line that begins with `> ` is a command. Indented lines below it are its expected output. Empty lines and lines
//! that begin with `#` are for the reader.

mod arguments;
#[cfg(test)]
mod chaos;
mod commands;
mod member;
mod show;
mod world;

use commands::Player;
use std::fmt::Write;

/// Replays `script` and returns it with the actual output below each command. A script that holds is returned
/// unchanged.
pub fn replay(script: &str) -> String {
    let mut player = Player::default();
    let mut output = String::with_capacity(script.len());
    for (at, line) in script.lines().enumerate() {
        if line.starts_with("  ") {
            continue;
        }
        output.push_str(line);
        output.push('\n');
        let Some(command) = line.strip_prefix("> ") else {
            assert!(line.is_empty() || line.starts_with('#'), "line {}: neither command nor prose", at + 1);
            continue;
        };
        let place = ScriptPosition { line: at + 1, command };
        for event in player.play(command) {
            // Writing to a string cannot fail.
            let _ = writeln!(output, "  {event}");
        }
        drop(place);
    }
    output
}

/// A line of the script, printed when an assertion of the core fails.
struct ScriptPosition<'a> {
    line: usize,
    command: &'a str,
}

impl Drop for ScriptPosition<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("in line {} of the script: {}", self.line, self.command);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::replay;

    #[test]
    fn expectations_are_replaced_by_what_happens() {
        let script = "# Alone.\n> cluster 1\n> status\n  1 is dreaming\n";
        assert_eq!(replay(script), "# Alone.\n> cluster 1\n> status\n  1 follower term=0 commit=0 log=[]\n");
    }

    #[test]
    fn mistakes_in_a_script_are_shown_where_they_are() {
        let shown = replay("> cluster 1\n> fly 1\n> flush nine\n> crash 4\n");
        assert!(shown.contains("> fly 1\n  script error: unknown command fly\n"), "{shown}");
        assert!(shown.contains("> flush nine\n  script error: not a number: nine\n"), "{shown}");
        assert!(shown.contains("> crash 4\n  script error: no member 4\n"), "{shown}");
    }
}
