//! What a state machine is, once its trait or its `impl` block has been read and found correct.

use proc_macro2::{Span, TokenStream};
use syn::{Attribute, Expr, ExprPath, Generics, Ident, Type, Visibility};

/// A trait, or an `impl` block, some of whose methods are commands.
#[derive(Debug)]
pub(crate) struct Machine {
    /// Its `#[cfg]`s, which everything generated shares.
    pub conditions: Vec<Attribute>,
    /// Its documentation.
    pub documentation: Vec<Attribute>,
    /// Visibility of the generated types: that of the trait, or of the most visible command of a block.
    pub visibility: Visibility,
    /// Name of the trait, or of the block's type.
    pub name: Ident,
    /// What the commands run on.
    pub state: State,
    /// Its parameters.
    pub generics: Generics,
    /// In the order of their declaration.
    pub commands: Vec<Command>,
    /// Whether mistakes were found. One report of each is enough: what the compiler would check on top of
    /// them is left out.
    pub flawed: bool,
}

/// What commands run on.
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
    /// `#[cfg]`s of the method.
    pub conditions: Vec<Attribute>,
    /// What describes the method to its callers, conditions included.
    pub descriptions: Vec<TokenStream>,
    /// Whether the author documented it.
    pub documented: bool,
    /// Who may call it on the proxies.
    pub visibility: Visibility,
    /// Its name, with the user's span.
    pub name: Ident,
    /// How it touches the state.
    pub kind: Kind,
    /// Chosen by the author; otherwise made from the name.
    pub id: Option<u32>,
    /// What a read reflects, if the author says so.
    pub consistency: Option<Ident>,
    /// Where it goes.
    pub route: Route,
    /// How the results of several partitions become one.
    pub merge: Option<Merge>,
    /// Commands whose earlier entries it makes dead: their names and chosen ids.
    pub supersedes: Vec<(String, Option<u32>)>,
    /// In the order of their declaration.
    pub arguments: Vec<Argument>,
    /// Which of them is the key.
    pub key: Option<usize>,
    /// Which of them is a collection of keys, if one is.
    pub split: Option<Split>,
    /// What it returns; `None`: nothing.
    pub result: Option<Type>,
}

/// How a command touches the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `#[read]`
    Read,
    /// `#[write]`
    Write,
    /// `#[delete]`
    Delete,
}

/// Which partitions a command goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// That of its key.
    Key,
    /// Partition 0, because the author says so.
    Single,
    /// Those of its keys, each with what belongs there.
    Keys,
    /// All of them.
    All,
    /// The author did not say: the machine cannot be partitioned.
    Unsaid,
}

/// How results become one.
#[derive(Clone, Debug)]
pub(crate) enum Merge {
    /// One of the framework's.
    Known(&'static str, Span),
    /// The user's own function.
    Own(ExprPath),
}

/// How an argument that is a collection of keys, or of what has keys, is split over the partitions.
#[derive(Clone, Debug)]
pub(crate) struct Split {
    /// Which argument.
    pub at: usize,
    /// The author's name of one element: `each`, with the author's span.
    pub element: Ident,
    /// The key of an element: `each`, or a field of it.
    pub key: Expr,
}

/// An argument of a command.
#[derive(Debug)]
pub(crate) struct Argument {
    /// Its name, with the user's span.
    pub name: Ident,
    /// Its type, as written and on the proxies.
    pub ty: Type,
    /// How it travels.
    pub passing: ArgumentMode,
}

/// How an argument is encoded, and what it is decoded as.
#[derive(Debug)]
pub(crate) enum ArgumentMode {
    /// `T`, and borrowed things that are read in place: decoded as it is written.
    AsWritten,
    /// `&[u8]`: read in place as well, and encoded in one step.
    Bytes,
    /// `&[T]`: decoded as a vector of these.
    Slice(Type),
    /// `&T`: decoded as one of these.
    Borrowed(Type),
}

impl Kind {
    /// The mark as it is written.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Kind::Read => "read",
            Kind::Write => "write",
            Kind::Delete => "delete",
        }
    }
}

impl Command {
    /// The arguments in the order in which they travel: the key first.
    pub(crate) fn travelling(&self) -> impl Iterator<Item = &Argument> {
        self.key().into_iter().chain(self.others())
    }

    /// The argument that is the key.
    pub(crate) fn key(&self) -> Option<&Argument> {
        self.key.map(|at| &self.arguments[at])
    }

    /// The arguments that are not the key.
    pub(crate) fn others(&self) -> impl Iterator<Item = &Argument> {
        self.arguments
            .iter()
            .enumerate()
            .filter(|(at, _)| Some(*at) != self.key)
            .map(|(_, argument)| argument)
    }
}
