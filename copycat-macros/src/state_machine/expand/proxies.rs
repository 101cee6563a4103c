//! Generates the two proxies from one template.

use super::table::{constant_name, merge, parts};
use super::{bounded, commands_name, link, mention, quiet, unbounded};
use crate::state_machine::model::{Argument, ArgumentMode, Command, Machine};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt;

/// The differences between the two proxies.
struct Flavour {
    name: Ident,
    other: Ident,
    summary: String,
    /// The trait with the conversion to the other proxy.
    side: &'static str,
    /// The associated type of that trait: the other proxy.
    other_side: &'static str,
    blocking: bool,
}

/// Generates both proxies, `Async…` and `Sync…`.
pub(super) fn proxies(machine: &Machine) -> TokenStream {
    let (asynchronous, blocking) =
        (format_ident!("Async{}", machine.name), format_ident!("Sync{}", machine.name));
    let waiting = Flavour {
        name: asynchronous.clone(),
        other: blocking.clone(),
        summary: format!("A replicated {}, called with `.await`.", link(machine)),
        side: "AsyncProxy",
        other_side: "Sync",
        blocking: false,
    };
    let parking = Flavour {
        name: blocking,
        other: asynchronous,
        summary: format!("A replicated {}, whose methods block the calling thread.", link(machine)),
        side: "SyncProxy",
        other_side: "Async",
        blocking: true,
    };
    [waiting, parking].iter().map(|flavour| proxy(machine, flavour)).collect()
}

fn proxy(machine: &Machine, flavour: &Flavour) -> TokenStream {
    let declaration = declaration(machine, flavour);
    let standard = standard_traits(machine, flavour);
    let framework = framework_traits(machine, flavour);
    let (conditions, name) = (&machine.conditions, &flavour.name);
    let (generics, quiet) = (bounded(machine), quiet(machine));
    let (parameters, arguments, clause) = generics.split_for_impl();
    let methods = machine.commands.iter().map(|command| method(machine, command, flavour));
    quote! {
        #declaration

        #(#conditions)*
        #quiet
        #[allow(dead_code, unreachable_pub, clippy::all, clippy::pedantic, clippy::nursery)]
        impl #parameters #name #arguments #clause {
            #(#methods)*
        }

        #standard
        #framework
    }
}

fn declaration(machine: &Machine, flavour: &Flavour) -> TokenStream {
    let (conditions, documentation) = (&machine.conditions, &machine.documentation);
    let (visibility, name, summary) = (&machine.visibility, &flavour.name, &flavour.summary);
    let (generics, client) = (unbounded(machine), machine.private("ResourceClient"));
    let types = mention(machine).map(|mention| quote!(types: #mention,));
    let gap = (!documentation.is_empty()).then(|| quote!(#[doc = ""]));
    let usage = usage(machine, flavour);
    quote! {
        #(#conditions)*
        #[doc = #summary]
        #gap
        #(#documentation)*
        #[doc = #usage]
        #[allow(dead_code, unreachable_pub)]
        #visibility struct #name #generics {
            client: #client,
            #types
        }
    }
}

/// Returns the documentation of how to get a proxy, how to call it, and its errors.
fn usage(machine: &Machine, flavour: &Flavour) -> String {
    // A command with a condition may not exist.
    let Some(command) = machine.commands.iter().find(|command| command.conditions.is_empty()) else {
        return String::new();
    };
    let (method, arguments) = (&command.name, if command.arguments.is_empty() { "" } else { "…" });
    let (open, awaited) = if flavour.blocking { ("open_sync()", "") } else { ("open().await", ".await") };
    format!(
        "\n# Use\n\nA member gets it from `state_machine(\"…\", …).{open}?`, and a process that is no member from \
         `resource(\"…\").{open}?`. A call looks like `proxy.{method}({arguments}){awaited}?`.\n\n# Errors\n\nEach method \
         returns what the state's method returns, or the framework's `Error`. Its `outcome()` says what is known of a \
         write, and `is_retryable()` whether to try again.\n"
    )
}

fn method(machine: &Machine, command: &Command, flavour: &Flavour) -> TokenStream {
    let (descriptions, visibility, name) = (&command.descriptions, &command.visibility, &command.name);
    let fallback = (!command.documented).then(|| {
        let text = format!("Calls `{}` of the replicated state.", command.name.unraw());
        quote!(#[doc = #text])
    });
    let inputs = command.arguments.iter().map(|Argument { name, ty, .. }| quote!(#name: #ty));
    let result = command.result.as_ref().map_or_else(|| quote!(()), |ty| quote!(#ty));
    let error = machine.private("Error");
    let asyncness = (!flavour.blocking).then(|| quote!(async));
    let body = body(machine, command, flavour);
    quote_spanned! {Span::mixed_site()=>
        #(#descriptions)*
        #fallback
        #visibility #asyncness fn #name(&self, #(#inputs),*) -> ::core::result::Result<#result, #error> {
            #body
        }
    }
}

/// Generates the code that encodes the arguments and sends them.
fn body(machine: &Machine, command: &Command, flavour: &Flavour) -> TokenStream {
    let result = command.result.as_ref().map_or_else(|| quote!(()), |ty| quote!(#ty));
    let (commands, constant) = (commands_name(machine), constant_name(command));
    let (_, parameters, _) = machine.generics.split_for_impl();
    let method = quote_spanned!(Span::mixed_site()=> &<#commands #parameters>::#constant);
    let spread = quote_spanned!(Span::mixed_site()=> self.client.spread(#method));
    let (call, encoded, merge) = match (parts(machine, command, &spread), merge(machine, command)) {
        // A method that returns nothing has nothing to merge.
        (Some(parts), None) => ("call_parts", parts, Some(quote!(|(), ()| ()))),
        (Some(parts), merge) => ("call_parts", parts, merge),
        (None, Some(merge)) => ("call_all", encoded(machine, command, &method), Some(merge)),
        (None, None) => ("call", encoded(machine, command, &method), None),
    };
    let suffix = if flavour.blocking { "_blocking" } else { "" };
    let call = format_ident!("{call}{suffix}", span = Span::mixed_site());
    let awaited = (!flavour.blocking).then(|| quote!(.await));
    let merge = merge.map(|merge| quote!(, #merge));
    quote_spanned! {Span::mixed_site()=>
        let arguments = #encoded?;
        self.client.#call::<#result>(#method, arguments #merge) #awaited
    }
}

/// Generates the expression that encodes a command's arguments, without owning any of them.
fn encoded(machine: &Machine, command: &Command, method: &TokenStream) -> TokenStream {
    let encoder = quote_spanned!(Span::mixed_site()=> self.client.arguments(#method));
    let others = command.others().map(|argument| borrowed(machine, argument));
    match command.key().map(|argument| borrowed(machine, argument)) {
        Some(key) => quote!(#encoder.keyed(#key, &(#(#others,)*))),
        None => quote!(#encoder.keyless(&(#(#others,)*))),
    }
}

fn borrowed(machine: &Machine, argument: &Argument) -> TokenStream {
    let name = &argument.name;
    match argument.passing {
        ArgumentMode::Bytes => {
            let raw = machine.private("Raw");
            quote!(&#raw(#name))
        }
        // With the user's span, the compiler reports a type that cannot be encoded at the argument.
        _ => quote_spanned!(name.span()=> &#name),
    }
}

fn standard_traits(machine: &Machine, flavour: &Flavour) -> TokenStream {
    let (conditions, name, text) = (&machine.conditions, &flavour.name, flavour.name.to_string());
    let generics = unbounded(machine);
    let (parameters, arguments, _) = generics.split_for_impl();
    let types = mention(machine).map(|_| quote!(types: ::core::marker::PhantomData,));
    quote_spanned! {Span::mixed_site()=>
        #(#conditions)*
        impl #parameters ::core::clone::Clone for #name #arguments {
            fn clone(&self) -> Self {
                Self { client: ::core::clone::Clone::clone(&self.client), #types }
            }
        }

        #(#conditions)*
        impl #parameters ::core::fmt::Debug for #name #arguments {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_tuple(#text).field(&self.client).finish()
            }
        }
    }
}

fn framework_traits(machine: &Machine, flavour: &Flavour) -> TokenStream {
    let (conditions, name, other) = (&machine.conditions, &flavour.name, &flavour.other);
    let (commands, client, proxy) =
        (commands_name(machine), machine.private("ResourceClient"), machine.private("Proxy"));
    let (side, other_side) =
        (machine.private(flavour.side), Ident::new(flavour.other_side, Span::mixed_site()));
    let (generics, quiet) = (bounded(machine), quiet(machine));
    let (parameters, arguments, clause) = generics.split_for_impl();
    let types = mention(machine).map(|_| quote!(types: ::core::marker::PhantomData,));
    quote_spanned! {Span::mixed_site()=>
        #(#conditions)*
        #quiet
        impl #parameters #proxy for #name #arguments #clause {
            type Commands = #commands #arguments;

            fn from_client(client: #client) -> Self {
                Self { client, #types }
            }

            fn client(&self) -> &#client {
                &self.client
            }
        }

        #(#conditions)*
        #quiet
        impl #parameters #side for #name #arguments #clause {
            type #other_side = #other #arguments;
        }
    }
}
