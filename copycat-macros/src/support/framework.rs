//! The path of the framework's crate, where a macro is used.

use proc_macro_crate::{Error, FoundCrate, crate_name};
use proc_macro2::Span;
use syn::{Ident, Path, parse_quote_spanned};

/// Returns the path of the crate `copycat`, under the name that the manifest of the package gives it.
///
/// Fails with the text of a compile error if `copycat` is not among the dependencies: then the generated code could not
/// name it.
pub(crate) fn find() -> Result<Path, &'static str> {
    match crate_name("copycat") {
        Ok(FoundCrate::Name(name)) => {
            let name = Ident::new_raw(&name, Span::mixed_site());
            Ok(parse_quote_spanned!(Span::mixed_site()=> ::#name))
        }
        Err(Error::CrateNotFound { .. }) => Err(
            "`copycat` is not among the dependencies of this package: if another crate re-exports it, name that one, \
             `#[state_machine(crate = other::copycat)]`; if it is there nevertheless, say so: `crate = ::copycat`",
        ),
        // Examples and documentation of the framework itself; and builds without cargo, where no manifest is found.
        Ok(FoundCrate::Itself) | Err(_) => Ok(usual()),
    }
}

/// Returns the path of the crate under its own name.
pub(crate) fn usual() -> Path {
    parse_quote_spanned!(Span::mixed_site()=> ::copycat)
}
