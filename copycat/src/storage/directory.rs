//! Creates directories so that they survive a power failure.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Creates the directory and its missing parents, each durable before the next is created in it. Succeeds without a
/// change if the directory exists.
pub(crate) fn create(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> =
        path.ancestors().take_while(|above| !above.as_os_str().is_empty() && !above.is_dir()).collect();
    // An earlier process may have created the deepest existing directory and ended before its sync, so it is synced
    // here. If its parent cannot be read, another user created it.
    let existing = path.ancestors().nth(missing.len()).filter(|existing| !existing.as_os_str().is_empty());
    match existing.map_or(Ok(()), sync_parent) {
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied => return Err(error),
        _ => {}
    }
    for directory in missing.into_iter().rev() {
        match fs::create_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => {}
            made => made?,
        }
        sync_parent(directory)?;
    }
    Ok(())
}

/// Makes the names in a directory durable.
pub(crate) fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        None => Ok(()),
        Some(parent) if parent.as_os_str().is_empty() => sync(Path::new(".")),
        Some(parent) => sync(parent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_what_is_missing_and_takes_what_is_there() {
        let base = std::env::temp_dir().join(format!("copycat-directory-{}", std::process::id()));
        let deep = base.join("a/b/c");
        create(&deep).unwrap();
        create(&deep).unwrap();
        create(Path::new("src")).unwrap();
        create(Path::new("/")).unwrap();
        assert!(deep.is_dir());
        fs::write(base.join("file"), "").unwrap();
        assert!(create(&base.join("file")).is_err());
        assert!(create(&base.join("file/below")).is_err());
        fs::remove_dir_all(&base).unwrap();
    }
}
