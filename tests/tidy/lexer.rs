//! Finds the comments of a source. The parser drops them, and a search for `//` would also find strings.

/// One line of a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comment {
    pub line: usize,
    /// The text without slashes and stars.
    pub text: String,
    /// Whether the comment is documentation.
    pub doc: bool,
}

/// Returns the comments of a Rust source in order, one item per line.
pub(crate) fn comments(source: &str) -> Vec<Comment> {
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(next) = source[at..].chars().next() {
        let rest = &source[at..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(hashes) = raw_string(source, at) {
            let end = format!("\"{}", "#".repeat(hashes));
            let open = hashes + 2;
            rest[open..].find(&end).map_or(rest.len(), |inside| open + inside + end.len())
        } else if next == '"' {
            string(rest)
        } else if next == '\'' {
            character(rest)
        } else {
            next.len_utf8()
        };
        if rest.starts_with("//") || rest.starts_with("/*") {
            found.extend(lines(&rest[..length], line));
        }
        line += rest[..length].matches('\n').count();
        at += length;
    }
    found
}

/// Splits a comment into its lines.
fn lines(comment: &str, first: usize) -> impl Iterator<Item = Comment> {
    let doc = ["///", "//!", "/**", "/*!"].iter().any(|start| comment.starts_with(start))
        && !["////", "/***", "/**/"].iter().any(|start| comment.starts_with(start));
    comment.lines().enumerate().map(move |(offset, text)| {
        let text = text.trim_start().trim_start_matches(['/', '!', '*']).trim_end_matches("*/");
        Comment { line: first + offset, text: text.trim().to_owned(), doc }
    })
}

/// Returns the length of the block comment at the start. Block comments nest.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// Returns the number of hashes of the raw string that begins here; `None` if none begins.
fn raw_string(source: &str, at: usize) -> Option<usize> {
    let rest = source[at..].strip_prefix('r')?;
    let before = source[..at].trim_end_matches(['b', 'c']);
    if before.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    rest[hashes..].starts_with('"').then_some(hashes)
}

/// Returns the length of the string literal at the start.
fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Returns the length of the character literal at the start, or 1 for the tick of a lifetime.
fn character(rest: &str) -> usize {
    let mut inside = rest.chars().skip(1);
    match (inside.next(), inside.next()) {
        // The character after the backslash belongs to the escape, even if it is a tick.
        (Some('\\'), Some(escaped)) => {
            let skipped = 2 + escaped.len_utf8();
            rest[skipped..].find('\'').map_or(1, |end| skipped + end + 1)
        }
        (Some(literal), Some('\'')) => literal.len_utf8() + 2,
        _ => 1,
    }
}

#[test]
fn comments_are_found_and_strings_are_not() {
    let source = r###"
let a = "// no"; // yes
let b = r#"/* no " */"#; let c = '"'; /* one
 * two */ let d: &'static str = "\"// no"; let e = '\''; //! doc
/// doc too
//// a rule
"###;
    let found = comments(source);
    let texts: Vec<_> = found.iter().map(|comment| (comment.line, comment.text.as_str())).collect();
    assert_eq!(texts, [(2, "yes"), (3, "one"), (4, "two"), (4, "doc"), (5, "doc too"), (6, "a rule")]);
    let docs: Vec<_> = found.iter().map(|comment| comment.doc).collect();
    assert_eq!(docs, [false, false, false, true, true, false]);
}
