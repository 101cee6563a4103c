//! Collects everything that is wrong, so that the user sees all of it at once.

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
    /// Notes a mistake in the given piece of the user's source. `message` names the fix.
    pub(crate) fn add(&mut self, place: &impl ToTokens, message: impl Display) {
        self.note(Error::new_spanned(place, message));
    }

    /// Notes a mistake at a place.
    pub(crate) fn at(&mut self, place: Span, message: impl Display) {
        self.note(Error::new(place, message));
    }

    /// Notes what the parser found.
    pub(crate) fn note(&mut self, error: Error) {
        self.count += 1;
        match &mut self.errors {
            Some(errors) => errors.combine(error),
            None => self.errors = Some(error),
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// What makes the compiler report them.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.errors.map(Error::into_compile_error).unwrap_or_default()
    }
}
