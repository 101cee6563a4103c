//! The syntax of a source as the compiler's grammar sees it: names, imports, functions, traits, and the lines that
//! are tests.

use proc_macro2::{Delimiter, LineColumn, Spacing, Span, TokenStream, TokenTree};
use std::ops::RangeInclusive;
use std::str::FromStr;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A path as it is written (`a::b::c`, or a lone name), anywhere: in types, expressions, attributes, arguments of
/// macros, and for each leaf of a `use`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    pub line: usize,
    /// The segments; `*` stands for a glob.
    pub segments: Vec<String>,
    /// Whether the path is from a `use`.
    pub import: bool,
    /// Whether the path is followed by `!`.
    pub macro_call: bool,
}

/// A function with a body, or a trait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub name: String,
    pub line: usize,
    /// Number of lines from the signature to the closing brace, or of methods of a trait.
    pub size: usize,
}

/// The name of a type, a field, a module, a function or a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub text: String,
    pub line: usize,
    /// Whether it names a function, with or without a body.
    pub function: bool,
}

/// One parsed source.
#[derive(Default)]
pub(crate) struct Syntax {
    pub paths: Vec<Path>,
    pub functions: Vec<Item>,
    pub names: Vec<Name>,
    /// Traits that are boundaries, without those that users give to `#[state_machine]`.
    pub traits: Vec<Item>,
    /// Lines that name a `Box<dyn Error>`.
    pub boxed_errors: Vec<usize>,
    /// Lines that exist only in tests.
    pub tests: Vec<RangeInclusive<usize>>,
    /// Modules written in the file itself, outer ones first.
    pub modules: Vec<(RangeInclusive<usize>, String)>,
    /// Names of modules in files of their own that exist only in tests.
    pub test_files: Vec<Vec<String>>,
    inside: Vec<String>,
    /// The range of each `use`, from its first to its last token.
    imports: Vec<RangeInclusive<LineColumn>>,
}

impl Syntax {
    /// Parses a source. The error tells where it is not valid Rust.
    pub(crate) fn parse(source: &str) -> syn::Result<Syntax> {
        let mut syntax = Syntax::default();
        let file = syn::parse_file(source)?;
        if is_test(&file.attrs) {
            syntax.tests.push(1..=usize::MAX);
        }
        syntax.visit_file(&file);
        let tokens = TokenStream::from_str(source).map_err(syn::Error::from)?;
        let mut words = Vec::new();
        flatten(tokens, &mut words);
        // Imports are recorded whole, leaf by leaf; their pieces say less.
        let imports = std::mem::take(&mut syntax.imports);
        words.retain(
            |word| !matches!(word, Word::Name(_, at) if imports.iter().any(|use_| use_.contains(at))),
        );
        paths(&words, &mut syntax.paths);
        Ok(syntax)
    }

    /// Returns the inline modules around a line, outermost first.
    pub(crate) fn modules_at(&self, line: usize) -> Vec<String> {
        let around = self.modules.iter().filter(|(lines, _)| lines.contains(&line));
        around.map(|(_, name)| name.clone()).collect()
    }

    fn note_test(&mut self, attributes: &[syn::Attribute], span: Span) {
        if is_test(attributes) {
            self.tests.push(lines(span));
        }
    }

    fn note_name(&mut self, name: &syn::Ident, function: bool) {
        self.names.push(Name { text: name.to_string(), line: name.span().start().line, function });
    }

    fn note_function(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let line = signature.span().start().line;
        let size = body.span().end().line + 1 - line;
        self.functions.push(Item { name: signature.ident.to_string(), line, size });
    }

    fn note_import(&mut self, tree: &syn::UseTree, before: &[String]) {
        let leaf = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        let (segments, line) = match tree {
            syn::UseTree::Path(path) => return self.note_import(&path.tree, &leaf(&path.ident)),
            syn::UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.note_import(tree, before));
            }
            syn::UseTree::Name(name) if name.ident == "self" => (before.to_vec(), name.span()),
            syn::UseTree::Name(name) => (leaf(&name.ident), name.span()),
            syn::UseTree::Rename(rename) => (leaf(&rename.ident), rename.span()),
            syn::UseTree::Glob(glob) => ([before, &["*".to_owned()]].concat(), glob.span()),
        };
        self.paths.push(Path { line: line.start().line, segments, import: true, macro_call: false });
    }
}

impl<'ast> Visit<'ast> for Syntax {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        self.note_test(attributes(item), item.span());
        if let Some(name) = name(item) {
            self.note_name(name, false);
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.inside.push(module.ident.to_string());
        if module.content.is_some() {
            self.modules.push((lines(module.span()), module.ident.to_string()));
        } else if is_test(&module.attrs) {
            self.test_files.push(self.inside.clone());
        }
        visit::visit_item_mod(self, module);
        self.inside.pop();
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        self.imports.push(import.use_token.span.start()..=import.semi_token.span.start());
        self.note_import(&import.tree, &[]);
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if let Some(name) = &field.ident {
            self.note_name(name, false);
        }
        visit::visit_field(self, field);
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.note_name(&variant.ident, false);
        visit::visit_variant(self, variant);
    }

    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        self.note_name(&pattern.ident, false);
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.note_name(&signature.ident, true);
        visit::visit_signature(self, signature);
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.note_function(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.note_test(&function.attrs, function.span());
        self.note_function(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.note_function(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        if !item.attrs.iter().any(|attribute| ends_with(attribute.path(), "state_machine")) {
            let size = item.items.iter().filter(|item| matches!(item, syn::TraitItem::Fn(_))).count();
            self.traits.push(Item {
                name: item.ident.to_string(),
                line: item.ident.span().start().line,
                size,
            });
        }
        visit::visit_item_trait(self, item);
    }

    fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
        if segment.ident == "Box" && boxes_an_error(&segment.arguments) {
            self.boxed_errors.push(segment.ident.span().start().line);
        }
        visit::visit_path_segment(self, segment);
    }
}

/// Returns whether the arguments are `<dyn … Error …>`.
fn boxes_an_error(arguments: &syn::PathArguments) -> bool {
    let syn::PathArguments::AngleBracketed(arguments) = arguments else { return false };
    let bounds = arguments.args.iter().filter_map(|argument| match argument {
        syn::GenericArgument::Type(syn::Type::TraitObject(object)) => Some(&object.bounds),
        _ => None,
    });
    bounds
        .flatten()
        .any(|bound| matches!(bound, syn::TypeParamBound::Trait(bound) if ends_with(&bound.path, "Error")))
}

fn ends_with(path: &syn::Path, name: &str) -> bool {
    path.segments.last().is_some_and(|last| last.ident == name)
}

fn lines(span: Span) -> RangeInclusive<usize> {
    span.start().line..=span.end().line
}

/// Returns whether an item with these attributes exists only in tests: `#[test]` and its relatives, `#[cfg(test)]`,
/// and `#[cfg(all(test, …))]`. An item that a feature also builds is not only a test.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        if attribute.path().is_ident("cfg") {
            attribute.parse_args().is_ok_and(|condition| needs_test(&condition))
        } else {
            ends_with(attribute.path(), "test")
        }
    })
}

fn needs_test(condition: &syn::Meta) -> bool {
    let syn::Meta::List(list) = condition else { return condition.path().is_ident("test") };
    let all = list.path.is_ident("all");
    let parts =
        list.parse_args_with(syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated);
    all && parts.is_ok_and(|parts| parts.iter().any(needs_test))
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Returns the name of a type or a module.
fn name(item: &syn::Item) -> Option<&syn::Ident> {
    match item {
        syn::Item::Enum(item) => Some(&item.ident),
        syn::Item::Mod(item) => Some(&item.ident),
        syn::Item::Struct(item) => Some(&item.ident),
        syn::Item::Trait(item) => Some(&item.ident),
        syn::Item::Type(item) => Some(&item.ident),
        syn::Item::Union(item) => Some(&item.ident),
        _ => None,
    }
}

/// A token, as far as paths consist of them.
enum Word {
    Name(String, LineColumn),
    /// `::`
    Joint,
    /// `!`
    Bang,
    Other,
}

fn flatten(tokens: TokenStream, words: &mut Vec<Word>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                let bare = group.delimiter() == Delimiter::None;
                words.extend((!bare).then_some(Word::Other));
                flatten(group.stream(), words);
                words.extend((!bare).then_some(Word::Other));
            }
            TokenTree::Ident(name) => {
                let plain = name.to_string().trim_start_matches("r#").to_owned();
                words.push(Word::Name(plain, name.span().start()));
            }
            TokenTree::Punct(colon) if colon.as_char() == ':' && colon.spacing() == Spacing::Joint => {
                let joint = matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == ':');
                words.push(if joint { Word::Joint } else { Word::Other });
                tokens.next_if(|_| joint);
            }
            TokenTree::Punct(bang) if bang.as_char() == '!' && bang.spacing() == Spacing::Alone => {
                words.push(Word::Bang);
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => words.push(Word::Other),
        }
    }
}

/// Finds the paths among the words: names with `::` between them.
fn paths(words: &[Word], found: &mut Vec<Path>) {
    let mut rest = words;
    while let Some((word, after)) = rest.split_first() {
        rest = after;
        let Word::Name(first, at) = word else { continue };
        let mut segments = vec![first.clone()];
        while let [Word::Joint, Word::Name(next, _), after @ ..] = rest {
            segments.push(next.clone());
            rest = after;
        }
        let macro_call = matches!(rest.first(), Some(Word::Bang));
        found.push(Path { line: at.line, segments, import: false, macro_call });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(source: &str) -> Syntax {
        Syntax::parse(source).expect("planted sources are Rust")
    }

    #[test]
    fn paths_are_found_wherever_they_hide() {
        let syntax = parse(
            "use std::{fs, time::{self, Instant as I}};\n\
             use a::*;\n\
             fn f(x: Vec<::b::C>) { assert!(d::e(x) != r#f::<g::H>()); }\n",
        );
        let found: Vec<_> = syntax.paths.iter().map(|path| (path.line, path.segments.join("::"))).collect();
        for expected in [
            (1, "std::fs"),
            (1, "std::time"),
            (1, "std::time::Instant"),
            (2, "a::*"),
            (3, "b::C"),
            (3, "d::e"),
            (3, "f"),
            (3, "g::H"),
        ] {
            assert!(found.contains(&(expected.0, expected.1.to_owned())), "{expected:?} in {found:?}");
        }
    }

    #[test]
    fn macros_are_told_from_inequality() {
        let syntax = parse("fn f() { todo!(); let _ = a != b; }");
        let calls: Vec<_> = syntax.paths.iter().filter(|path| path.macro_call).collect();
        assert!(calls.len() == 1 && calls[0].segments == ["todo"]);
    }

    #[test]
    fn tests_are_told_from_what_a_feature_also_builds() {
        let syntax = parse(
            "#[cfg(test)]\nmod tests {}\n\
             #[cfg(any(test, feature = \"testing\"))]\nmod testing {}\n\
             #[cfg(all(test, unix))]\nmod script;\n\
             struct S;\nimpl S {\n #[cfg(test)]\n fn f() {}\n}\n\
             #[tokio::test]\nasync fn g() {}\n",
        );
        assert_eq!(syntax.tests, [1..=2, 5..=6, 9..=10, 12..=13]);
        assert_eq!(syntax.test_files, [["script"]]);
    }

    #[test]
    fn functions_and_traits_are_measured() {
        let syntax = parse(
            "trait T {\n fn a();\n /// Doc.\n #[inline]\n fn b() {\n }\n const C: u8;\n}\n\
             #[copycat::state_machine]\ntrait User {\n fn a();\n}\n\
             fn outer() {\n fn inner() {}\n}\n",
        );
        let sizes: Vec<_> =
            syntax.functions.iter().map(|item| (item.name.as_str(), item.line, item.size)).collect();
        assert_eq!(sizes, [("b", 5, 2), ("outer", 13, 3), ("inner", 14, 1)]);
        let traits: Vec<_> = syntax.traits.iter().map(|item| (item.name.as_str(), item.size)).collect();
        assert_eq!(traits, [("T", 2)]);
    }

    #[test]
    fn types_fields_modules_functions_and_variables_have_names() {
        let syntax = parse(
            "mod a;\nmod b {\n enum C {}\n}\ntrait D {\n fn e();\n}\n\
             impl D for C {\n fn e() {\n  struct F;\n }\n}\ntype G = u8;\nfn h() {}\n\
             struct I { j: u8 }\nenum K { L { m: u8 } }\nfn n(o: u8) { let p = |q| q; }\n",
        );
        let names: Vec<_> =
            syntax.names.iter().map(|name| (name.text.as_str(), name.line, name.function)).collect();
        assert_eq!(
            names,
            [
                ("a", 1, false),
                ("b", 2, false),
                ("C", 3, false),
                ("D", 5, false),
                ("e", 6, true),
                ("e", 9, true),
                ("F", 10, false),
                ("G", 13, false),
                ("h", 14, true),
                ("I", 15, false),
                ("j", 15, false),
                ("K", 16, false),
                ("L", 16, false),
                ("m", 16, false),
                ("n", 17, true),
                ("o", 17, false),
                ("p", 17, false),
                ("q", 17, false),
            ]
        );
    }

    #[test]
    fn boxed_errors_are_found() {
        let syntax = parse("type A = Box<dyn std::error::Error + Send>;\ntype B = Box<dyn Fn()>;\n");
        assert_eq!(syntax.boxed_errors, [1]);
    }
}
