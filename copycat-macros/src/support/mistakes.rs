//! Collects all mistakes, so that the user sees all of them at once.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use std::fmt::Display;
use syn::Error;

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Mistakes {
    errors: Option<Error>,
    count: usize,
}

impl Mistakes {
    /// Records a mistake in a piece of the user's source. `message` names the fix.
    pub(crate) fn add(&mut self, place: &impl ToTokens, message: impl Display) {
        self.note(Error::new_spanned(place, message));
    }

    /// Records a mistake at a span.
    pub(crate) fn at(&mut self, place: Span, message: impl Display) {
        self.note(Error::new(place, message));
    }

    /// Records an error of the parser.
    pub(crate) fn note(&mut self, error: Error) {
        self.count += 1;
        match &mut self.errors {
            Some(errors) => errors.combine(error),
            None => self.errors = Some(error),
        }
    }

    /// Returns the number of mistakes.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Returns the code that makes the compiler report them.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.errors.map(Error::into_compile_error).unwrap_or_default()
    }
}
