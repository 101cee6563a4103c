//! The model of a state machine whose trait or `impl` block has been read and found correct.

use proc_macro2::{Span, TokenStream};
use syn::{Attribute, Expr, ExprPath, Generics, Ident, Path, Type, Visibility};

/// A trait, or an `impl` block, some of whose methods are commands.
#[derive(Debug)]
pub(crate) struct Machine {
    /// The path of the framework's crate.
    pub framework: Path,
    /// The `#[cfg]`s of the item. All generated code gets them.
    pub conditions: Vec<Attribute>,
    /// The documentation of the item.
    pub documentation: Vec<Attribute>,
    /// The visibility of the generated types: that of the trait, or of the most visible command of a block.
    pub visibility: Visibility,
    /// The name of the trait, or of the block's type.
    pub name: Ident,
    /// The state that the commands run on.
    pub state: State,
    /// The parameters of the trait or block.
    pub generics: Generics,
    /// The commands, in the order of their declaration.
    pub commands: Vec<Command>,
    /// Whether mistakes were found. Each is reported once: code that would only cause more compile errors is left out.
    pub flawed: bool,
}

/// The state that commands run on.
#[derive(Debug)]
pub(crate) enum State {
    /// Every type that implements the trait.
    Any,
    /// The type of the block.
    One(Box<Type>),
}

/// A method that can be called through a proxy.
#[derive(Debug)]
pub(crate) struct Command {
    /// The `#[cfg]`s of the method.
    pub conditions: Vec<Attribute>,
    /// The attributes that describe the method to its callers, `#[cfg]`s included.
    pub descriptions: Vec<TokenStream>,
    /// Whether the author documented it.
    pub documented: bool,
    /// The visibility of the method on the proxies.
    pub visibility: Visibility,
    /// The name, with the user's span.
    pub name: Ident,
    /// The way in which the method accesses the state.
    pub kind: Kind,
    /// The id that the author chose; otherwise it is made from the name.
    pub id: Option<u32>,
    /// The consistency of a read, if the author chose one.
    pub consistency: Option<Ident>,
    /// The partitions that the command goes to.
    pub route: Route,
    /// The way in which the results of several partitions become one.
    pub merge: Option<Merge>,
    /// The names and chosen ids of the commands whose earlier entries it makes obsolete.
    pub supersedes: Vec<(String, Option<u32>)>,
    /// The arguments, in the order of their declaration.
    pub arguments: Vec<Argument>,
    /// The position of the key among the arguments.
    pub key: Option<usize>,
    /// The argument that is a collection of keys, if there is one.
    pub split: Option<Split>,
    /// The type of the result; `None` if the method returns nothing.
    pub result: Option<Type>,
}

/// The way in which a command accesses the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `#[read]`
    Read,
    /// `#[write]`
    Write,
    /// `#[delete]`
    Delete,
}

/// The partitions that a command goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// The partition of its key.
    Key,
    /// Partition 0, because the author says so.
    Single,
    /// The partitions of its keys, each with its part.
    Keys,
    /// All partitions.
    All,
    /// The author did not say: the machine cannot be partitioned.
    Unsaid,
}

/// The function that merges results.
#[derive(Clone, Debug)]
pub(crate) enum Merge {
    /// A function of the framework.
    Known(&'static str, Span),
    /// A function of the user.
    Own(ExprPath),
}

/// The way in which an argument that is a collection of keys, or of elements with keys, is split over the partitions.
#[derive(Clone, Debug)]
pub(crate) struct Split {
    /// The position of the argument.
    pub at: usize,
    /// The author's name of one element: `each`, with the author's span.
    pub element: Ident,
    /// The key of an element: `each`, or a field of it.
    pub key: Expr,
}

/// An argument of a command.
#[derive(Debug)]
pub(crate) struct Argument {
    /// The name, with the user's span.
    pub name: Ident,
    /// The type as written, which the proxies use too.
    pub ty: Type,
    /// The way in which it is encoded.
    pub passing: ArgumentMode,
}

/// The way in which an argument is encoded, and the type that it is decoded as.
#[derive(Debug)]
pub(crate) enum ArgumentMode {
    /// `T`, and borrowed types that are read in place: decoded as written.
    AsWritten,
    /// `&[u8]`: read in place as well, and encoded in one step.
    Bytes,
    /// `&[T]`: decoded as a vector of this type.
    Slice(Type),
    /// `&T`: decoded as this type.
    Borrowed(Type),
}

impl Kind {
    /// Returns the name of the mark.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Kind::Read => "read",
            Kind::Write => "write",
            Kind::Delete => "delete",
        }
    }
}

impl Command {
    /// Returns the argument that is the key.
    pub(crate) fn key(&self) -> Option<&Argument> {
        self.key.map(|at| &self.arguments[at])
    }

    /// Returns the arguments that are not the key.
    pub(crate) fn others(&self) -> impl Iterator<Item = &Argument> {
        self.arguments
            .iter()
            .enumerate()
            .filter(|(at, _)| Some(*at) != self.key)
            .map(|(_, argument)| argument)
    }
}
