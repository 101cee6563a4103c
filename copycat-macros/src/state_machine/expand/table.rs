//! Generates the marker type and the table of its commands.

use super::{bounded, commands_name, decoded, link, mention, quiet, unbounded};
use crate::state_machine::model::{Argument, ArgumentMode, Command, Kind, Machine, Merge, Route, Split};
use crate::support::types;
use proc_macro2::{Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Expr, Ident};

/// Generates the marker type, a constant for each command, and the table of all commands.
pub(super) fn table(machine: &Machine) -> TokenStream {
    let marker = marker(machine);
    let ids = machine.commands.iter().map(|command| {
        let (conditions, id) =
            (&command.conditions, id_of(machine, &command.name.unraw().to_string(), command.id));
        quote!(#(#conditions)* #id)
    });
    let (assert_distinct, conditions) = (machine.private("assert_distinct"), &machine.conditions);
    let (commands, method) = (machine.private("Commands"), machine.private("Method"));
    let (name, title) = (commands_name(machine), machine.name.unraw().to_string());
    let (generics, quiet) = (bounded(machine), quiet(machine));
    let (parameters, arguments, clause) = generics.split_for_impl();
    let constants = machine.commands.iter().map(|command| constant(machine, command));
    let entries = machine.commands.iter().map(|command| {
        let (conditions, constant) = (&command.conditions, constant_name(command));
        quote!(#(#conditions)* Self::#constant)
    });
    let routed = machine.commands.iter().all(|command| command.route != Route::Unsaid);
    let partitioned = (routed || machine.flawed).then(|| {
        let partitioned = machine.private("Partitioned");
        quote!(#(#conditions)* #quiet impl #parameters #partitioned for #name #arguments #clause {})
    });
    let distinct =
        (!machine.flawed).then(|| quote!(#(#conditions)* const _: () = #assert_distinct(&[#(#ids),*]);));
    quote! {
        #marker

        #distinct

        #(#conditions)*
        #quiet
        #[allow(non_upper_case_globals, clippy::all, clippy::pedantic, clippy::nursery)]
        impl #parameters #name #arguments #clause {
            #(#constants)*
        }

        #(#conditions)*
        #quiet
        impl #parameters #commands for #name #arguments #clause {
            const NAME: &'static str = #title;

            const METHODS: &'static [#method] = &[#(#entries),*];
        }

        #partitioned
    }
}

fn marker(machine: &Machine) -> TokenStream {
    let (conditions, visibility, name) = (&machine.conditions, &machine.visibility, commands_name(machine));
    let documentation = format!("The commands of {}, as data.", link(machine));
    let generics = unbounded(machine);
    let fields = mention(machine).map(|mention| quote!((#mention)));
    quote! {
        #(#conditions)*
        #[doc = #documentation]
        #[allow(dead_code, unreachable_pub, missing_debug_implementations, missing_copy_implementations)]
        #visibility struct #name #generics #fields;
    }
}

/// Returns the name of the constant that describes a command. Two underscores keep it apart from other names.
pub(super) fn constant_name(command: &Command) -> Ident {
    format_ident!("__{}", command.name.unraw(), span = Span::mixed_site())
}

fn id_of(machine: &Machine, name: &str, chosen: Option<u32>) -> TokenStream {
    let method_id = machine.private("MethodId");
    match chosen {
        None => quote!(#method_id::of(#name)),
        Some(id) => {
            let id: Literal = format!("{id:#010x}").parse().unwrap_or_else(|_| Literal::u32_unsuffixed(id));
            quote!(#method_id(#id))
        }
    }
}

fn constant(machine: &Machine, command: &Command) -> TokenStream {
    let (conditions, constant, method) =
        (&command.conditions, constant_name(command), machine.private("Method"));
    let name = command.name.unraw().to_string();
    let names = command.arguments.iter().map(|argument| argument.name.unraw().to_string());
    let kind = Ident::new(command.kind.mark(), Span::mixed_site());
    let (check, shapes) = (check(machine, command), shapes(machine, command));
    let details = details(machine, command);
    quote! {
        #(#conditions)*
        const #constant: #method = #method::#kind(#name, &[#(#names),*], #check, #shapes) #details;
    }
}

/// Generates the function that finds out the shapes of a command's arguments and of its result.
fn shapes(machine: &Machine, command: &Command) -> TokenStream {
    let arguments = command.arguments.iter().map(|argument| {
        let (ty, written) = (decoded(machine, argument), types::last_name(&argument.ty));
        quote_spanned!(Span::mixed_site()=> shapes.argument::<#ty>(#written);)
    });
    let result = command.result.as_ref().map(|ty| {
        let written = types::last_name(ty);
        quote_spanned!(Span::mixed_site()=> shapes.result::<#ty>(#written);)
    });
    match (command.arguments.is_empty(), &result) {
        (true, None) => quote!(|_| {}),
        _ => quote_spanned!(Span::mixed_site()=> |shapes| { #(#arguments)* #result }),
    }
}

fn check(machine: &Machine, command: &Command) -> TokenStream {
    let others = command.others().map(|argument| decoded(machine, argument));
    let call = match command.key() {
        Some(key) => {
            let (check, key) = (machine.private("check_keyed"), decoded(machine, key));
            quote!(#check::<#key, (#(#others,)*)>)
        }
        None => {
            let check = machine.private("check_keyless");
            quote!(#check::<(#(#others,)*)>)
        }
    };
    quote_spanned!(Span::mixed_site()=> |body, key_len| #call(body, key_len))
}

/// Generates the options that the author set besides the kind.
fn details(machine: &Machine, command: &Command) -> TokenStream {
    let mut details = TokenStream::new();
    if let Some(id) = command.id {
        let id = id_of(machine, "", Some(id));
        details.extend(quote!(.with_id(#id)));
    }
    if let Some(key) = command.key {
        let key = Literal::usize_unsuffixed(key);
        details.extend(quote!(.with_key(#key)));
    }
    if let Some(split) = split(machine, command) {
        details.extend(quote!(.split(#split)));
    }
    if command.route == Route::All {
        details.extend(quote!(.to_all()));
    }
    if let Some(consistency) = command.consistency.as_ref().filter(|_| command.kind == Kind::Read) {
        let level = consistency.to_string();
        let level = Ident::new(&(level[..1].to_uppercase() + &level[1..]), Span::mixed_site());
        let consistency = machine.private("Consistency");
        details.extend(quote!(.with_consistency(#consistency::#level)));
    }
    if !command.supersedes.is_empty() {
        let ids = command.supersedes.iter().map(|(name, id)| id_of(machine, name, *id));
        details.extend(quote!(.superseding(&[#(#ids),*])));
    }
    if let (Some(merge), Some(result)) = (merge(machine, command), &command.result) {
        let merge_encoded = machine.private("merge_encoded");
        details.extend(quote_spanned! {Span::mixed_site()=>
            .merged(|results, out| #merge_encoded::<#result>(results, out, #merge))
        });
    }
    details
}

/// Generates the function that splits the encoded arguments of a command with several keys.
fn split(machine: &Machine, command: &Command) -> Option<TokenStream> {
    command.split.as_ref()?;
    let decode = machine.private("decode");
    let names = command.arguments.iter().map(|argument| &argument.name);
    let types = command.arguments.iter().map(|argument| decoded(machine, argument));
    let parts = parts(machine, command, &quote_spanned!(Span::mixed_site()=> spread))?;
    Some(quote_spanned! {Span::mixed_site()=>
        |body, spread| {
            let (#(#names,)*) = #decode::<(#(#types,)*)>(body)?;
            #parts
        }
    })
}

/// Generates the expression that makes a part for each partition out of the arguments of a command with several keys.
pub(super) fn parts(machine: &Machine, command: &Command, spread: &TokenStream) -> Option<TokenStream> {
    let Split { at, element, key } = command.split.as_ref()?;
    let split = machine.private("split");
    let Argument { name, passing, .. } = &command.arguments[*at];
    let collection = match passing {
        ArgumentMode::AsWritten | ArgumentMode::Borrowed(_) => quote!(#name),
        ArgumentMode::Bytes | ArgumentMode::Slice(_) => {
            let vec = machine.private("Vec");
            quote_spanned!(name.span()=> #vec::from_iter(#name.iter()))
        }
    };
    let encoded = command.arguments.iter().map(|argument| match &argument.name {
        other if other == name => quote!(#name),
        other => quote!(&#other),
    });
    let key = match key {
        Expr::Path(_) => quote!(#key),
        field => quote!(&#field),
    };
    Some(quote_spanned! {Span::mixed_site()=>
        #split(#collection, #spread, |#element| #key, |encoder, #name| encoder.keyless(&(#(#encoded,)*)))
    })
}

/// Returns the function that merges two results.
pub(super) fn merge(machine: &Machine, command: &Command) -> Option<TokenStream> {
    if !matches!(command.route, Route::All | Route::Keys) || command.result.is_none() {
        return None;
    }
    match command.merge.as_ref()? {
        Merge::Own(path) => Some(quote!(#path)),
        Merge::Known(name, span) => {
            // A partition without elements has no smallest one: it must be left out, or its `None` would win.
            let of_some = command.result.as_ref().is_some_and(types::is_option);
            let name = match *name {
                "min" if of_some => "min_of_some",
                "max" if of_some => "max_of_some",
                name => name,
            };
            Some(machine.private_at(name, *span))
        }
    }
}
