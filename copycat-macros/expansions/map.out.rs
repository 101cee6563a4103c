trait Map<K, V> {
    fn get(&self, key: &K) -> Option<V>;
    fn len(&self) -> u64;
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    fn put(&mut self, key: K, value: V) -> Option<V>;
    fn remove(&mut self, key: &K) -> Option<V>;
    fn get_all(&self, keys: &[K]) -> Vec<(K, V)>;
    fn put_all(&mut self, entries: Vec<(K, V)>);
    fn clear(&mut self);
}
///The commands of [`Map`], as data.
#[allow(
    dead_code,
    unreachable_pub,
    missing_debug_implementations,
    missing_copy_implementations
)]
struct MapCommands<K, V>(::core::marker::PhantomData<fn() -> (K, V)>);
const _: () = ::copycat::__private::assert_distinct(
    &[
        ::copycat::__private::MethodId::of("get"),
        ::copycat::__private::MethodId::of("len"),
        ::copycat::__private::MethodId::of("is_empty"),
        ::copycat::__private::MethodId::of("put"),
        ::copycat::__private::MethodId(0x0000001d),
        ::copycat::__private::MethodId::of("get_all"),
        ::copycat::__private::MethodId::of("put_all"),
        ::copycat::__private::MethodId::of("clear"),
    ],
);
#[allow(non_upper_case_globals, clippy::all, clippy::pedantic, clippy::nursery)]
impl<K, V> MapCommands<K, V>
where
    K: ::copycat::__private::Data,
    V: ::copycat::__private::Data,
{
    const __get: ::copycat::__private::Method = ::copycat::__private::Method::read(
            "get",
            &["key"],
            |body, key_len| ::copycat::__private::check_keyed::<K, ()>(body, key_len),
            |shapes| {
                shapes.argument::<K>("K");
                shapes.result::<Option<V>>("Option");
            },
        )
        .with_key(0);
    const __len: ::copycat::__private::Method = ::copycat::__private::Method::read(
            "len",
            &[],
            |body, key_len| ::copycat::__private::check_keyless::<()>(body, key_len),
            |shapes| {
                shapes.result::<u64>("u64");
            },
        )
        .to_all()
        .merged(|results, out| ::copycat::__private::merge_encoded::<
            u64,
        >(results, out, ::copycat::__private::sum));
    const __is_empty: ::copycat::__private::Method = ::copycat::__private::Method::read(
            "is_empty",
            &[],
            |body, key_len| ::copycat::__private::check_keyless::<()>(body, key_len),
            |shapes| {
                shapes.result::<bool>("bool");
            },
        )
        .to_all()
        .with_consistency(::copycat::__private::Consistency::Lease)
        .merged(|results, out| ::copycat::__private::merge_encoded::<
            bool,
        >(results, out, ::copycat::__private::and));
    const __put: ::copycat::__private::Method = ::copycat::__private::Method::write(
            "put",
            &["key", "value"],
            |body, key_len| ::copycat::__private::check_keyed::<K, (V,)>(body, key_len),
            |shapes| {
                shapes.argument::<K>("K");
                shapes.argument::<V>("V");
                shapes.result::<Option<V>>("Option");
            },
        )
        .with_key(0)
        .superseding(
            &[
                ::copycat::__private::MethodId::of("put"),
                ::copycat::__private::MethodId(0x0000001d),
            ],
        );
    const __remove: ::copycat::__private::Method = ::copycat::__private::Method::delete(
            "remove",
            &["key"],
            |body, key_len| ::copycat::__private::check_keyed::<K, ()>(body, key_len),
            |shapes| {
                shapes.argument::<K>("K");
                shapes.result::<Option<V>>("Option");
            },
        )
        .with_id(::copycat::__private::MethodId(0x0000001d))
        .with_key(0)
        .superseding(
            &[
                ::copycat::__private::MethodId::of("put"),
                ::copycat::__private::MethodId(0x0000001d),
            ],
        );
    const __get_all: ::copycat::__private::Method = ::copycat::__private::Method::read(
            "get_all",
            &["keys"],
            |body, key_len| ::copycat::__private::check_keyless::<
                (::copycat::__private::Vec<K>,),
            >(body, key_len),
            |shapes| {
                shapes.argument::<::copycat::__private::Vec<K>>("K");
                shapes.result::<Vec<(K, V)>>("Vec");
            },
        )
        .split(|body, spread| {
            let (keys,) = ::copycat::__private::decode::<
                (::copycat::__private::Vec<K>,),
            >(body)?;
            ::copycat::__private::split(
                ::copycat::__private::Vec::from_iter(keys.iter()),
                spread,
                |each| each,
                |encoder, keys| encoder.keyless(&(keys,)),
            )
        })
        .merged(|results, out| ::copycat::__private::merge_encoded::<
            Vec<(K, V)>,
        >(results, out, ::copycat::__private::concat));
    const __put_all: ::copycat::__private::Method = ::copycat::__private::Method::write(
            "put_all",
            &["entries"],
            |body, key_len| ::copycat::__private::check_keyless::<
                (Vec<(K, V)>,),
            >(body, key_len),
            |shapes| {
                shapes.argument::<Vec<(K, V)>>("Vec");
            },
        )
        .split(|body, spread| {
            let (entries,) = ::copycat::__private::decode::<(Vec<(K, V)>,)>(body)?;
            ::copycat::__private::split(
                entries,
                spread,
                |each| &each.0,
                |encoder, entries| encoder.keyless(&(entries,)),
            )
        });
    const __clear: ::copycat::__private::Method = ::copycat::__private::Method::delete(
            "clear",
            &[],
            |body, key_len| ::copycat::__private::check_keyless::<()>(body, key_len),
            |_| {},
        )
        .to_all();
}
impl<K, V> ::copycat::__private::Commands for MapCommands<K, V>
where
    K: ::copycat::__private::Data,
    V: ::copycat::__private::Data,
{
    const NAME: &'static str = "Map";
    const METHODS: &'static [::copycat::__private::Method] = &[
        Self::__get,
        Self::__len,
        Self::__is_empty,
        Self::__put,
        Self::__remove,
        Self::__get_all,
        Self::__put_all,
        Self::__clear,
    ];
}
impl<K, V> ::copycat::__private::Partitioned for MapCommands<K, V>
where
    K: ::copycat::__private::Data,
    V: ::copycat::__private::Data,
{}
#[allow(deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
impl<K, V, __State> ::copycat::__private::Dispatch<__State> for MapCommands<K, V>
where
    K: ::copycat::__private::Data,
    V: ::copycat::__private::Data,
    __State: Map<K, V> + 'static,
{
    const HANDLERS: &'static [::copycat::__private::Handler<__State>] = &[
        ::copycat::__private::Handler::Read(|state, entry, out| {
            let (key, ()) = entry.keyed::<K, ()>()?;
            ::copycat::__private::answer(&<__State as Map<K, V>>::get(state, &key), out)
        }),
        ::copycat::__private::Handler::Read(|state, entry, out| {
            let () = entry.arguments::<()>()?;
            ::copycat::__private::answer(&<__State as Map<K, V>>::len(state), out)
        }),
        ::copycat::__private::Handler::Read(|state, entry, out| {
            let () = entry.arguments::<()>()?;
            ::copycat::__private::answer(&<__State as Map<K, V>>::is_empty(state), out)
        }),
        ::copycat::__private::Handler::Write(|state, entry, out| {
            let (key, (value,)) = entry.keyed::<K, (V,)>()?;
            ::copycat::__private::answer(
                &<__State as Map<K, V>>::put(state, key, value),
                out,
            )
        }),
        ::copycat::__private::Handler::Write(|state, entry, out| {
            let (key, ()) = entry.keyed::<K, ()>()?;
            ::copycat::__private::answer(
                &<__State as Map<K, V>>::remove(state, &key),
                out,
            )
        }),
        ::copycat::__private::Handler::Read(|state, entry, out| {
            let (keys,) = entry.arguments::<(::copycat::__private::Vec<K>,)>()?;
            ::copycat::__private::answer(
                &<__State as Map<K, V>>::get_all(state, &keys),
                out,
            )
        }),
        ::copycat::__private::Handler::Write(|state, entry, out| {
            let (entries,) = entry.arguments::<(Vec<(K, V)>,)>()?;
            ::copycat::__private::answer(
                &<__State as Map<K, V>>::put_all(state, entries),
                out,
            )
        }),
        ::copycat::__private::Handler::Write(|state, entry, out| {
            let () = entry.arguments::<()>()?;
            ::copycat::__private::answer(&<__State as Map<K, V>>::clear(state), out)
        }),
    ];
}
///A replicated [`Map`], called with `.await`.
/**
# Use

A member gets it from `state_machine("…", …).open().await?`, and a process that is no member from `resource("…").open().await?`. A call looks like `proxy.get(…).await?`.

# Errors

Each method returns what the state's method returns, or the framework's `Error`. Its `outcome()` says what is known of a write, and `is_retryable()` whether to try again.
*/
#[allow(dead_code, unreachable_pub)]
struct AsyncMap<K, V> {
    client: ::copycat::__private::ResourceClient,
    types: ::core::marker::PhantomData<fn() -> (K, V)>,
}
#[allow(dead_code, unreachable_pub, clippy::all, clippy::pedantic, clippy::nursery)]
impl<K, V> AsyncMap<K, V>
where
    K: ::copycat::__private::Data,
    V: ::copycat::__private::Data,
{
    ///Calls `get` of the replicated state.
    async fn get(
        &self,
        key: &K,
    ) -> ::core::result::Result<Option<V>, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<MapCommands<K, V>>::__get)
            .keyed(&key, &())?;
        self.client.call::<Option<V>>(&<MapCommands<K, V>>::__get, arguments).await
    }
    ///Calls `len` of the replicated state.
    async fn len(&self) -> ::core::result::Result<u64, ::copycat::__private::Error> {
        let arguments = self.client.arguments(&<MapCommands<K, V>>::__len).keyless(&())?;
        self.client
            .call_all::<
                u64,
            >(&<MapCommands<K, V>>::__len, arguments, ::copycat::__private::sum)
            .await
    }
    ///Calls `is_empty` of the replicated state.
    async fn is_empty(
        &self,
    ) -> ::core::result::Result<bool, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<MapCommands<K, V>>::__is_empty)
            .keyless(&())?;
        self.client
            .call_all::<
                bool,
            >(&<MapCommands<K, V>>::__is_empty, arguments, ::copycat::__private::and)
            .await
    }
    ///Calls `put` of the replicated state.
    async fn put(
        &self,
        key: K,
        value: V,
    ) -> ::core::result::Result<Option<V>, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<MapCommands<K, V>>::__put)
            .keyed(&key, &(&value,))?;
        self.client.call::<Option<V>>(&<MapCommands<K, V>>::__put, arguments).await
    }
    ///Calls `remove` of the replicated state.
    async fn remove(
        &self,
        key: &K,
    ) -> ::core::result::Result<Option<V>, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<MapCommands<K, V>>::__remove)
            .keyed(&key, &())?;
        self.client.call::<Option<V>>(&<MapCommands<K, V>>::__remove, arguments).await
    }
    ///Calls `get_all` of the replicated state.
    async fn get_all(
        &self,
        keys: &[K],
    ) -> ::core::result::Result<Vec<(K, V)>, ::copycat::__private::Error> {
        let arguments = ::copycat::__private::split(
            ::copycat::__private::Vec::from_iter(keys.iter()),
            self.client.spread(&<MapCommands<K, V>>::__get_all),
            |each| each,
            |encoder, keys| encoder.keyless(&(keys,)),
        )?;
        self.client
            .call_parts::<
                Vec<(K, V)>,
            >(&<MapCommands<K, V>>::__get_all, arguments, ::copycat::__private::concat)
            .await
    }
    ///Calls `put_all` of the replicated state.
    async fn put_all(
        &self,
        entries: Vec<(K, V)>,
    ) -> ::core::result::Result<(), ::copycat::__private::Error> {
        let arguments = ::copycat::__private::split(
            entries,
            self.client.spread(&<MapCommands<K, V>>::__put_all),
            |each| &each.0,
            |encoder, entries| encoder.keyless(&(entries,)),
        )?;
        self.client
            .call_parts::<()>(&<MapCommands<K, V>>::__put_all, arguments, |(), ()| ())
            .await
    }
    ///Calls `clear` of the replicated state.
    async fn clear(&self) -> ::core::result::Result<(), ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<MapCommands<K, V>>::__clear)
            .keyless(&())?;
        self.client.call::<()>(&<MapCommands<K, V>>::__clear, arguments).await
    }
}
impl<K, V> ::core::clone::Clone for AsyncMap<K, V> {
    fn clone(&self) -> Self {
        Self {
            client: ::core::clone::Clone::clone(&self.client),
            types: ::core::marker::PhantomData,
        }
    }
}
impl<K, V> ::core::fmt::Debug for AsyncMap<K, V> {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_tuple("AsyncMap").field(&self.client).finish()
    }
}
impl<K, V> ::copycat::__private::Proxy for AsyncMap<K, V>
where
    K: ::copycat::__private::Data,
    V: ::copycat::__private::Data,
{
    type Commands = MapCommands<K, V>;
    fn from_client(client: ::copycat::__private::ResourceClient) -> Self {
        Self {
            client,
            types: ::core::marker::PhantomData,
        }
    }
    fn client(&self) -> &::copycat::__private::ResourceClient {
        &self.client
    }
}
impl<K, V> ::copycat::__private::AsyncProxy for AsyncMap<K, V>
where
    K: ::copycat::__private::Data,
    V: ::copycat::__private::Data,
{
    type Sync = SyncMap<K, V>;
}
///A replicated [`Map`], whose methods block the calling thread.
/**
# Use

A member gets it from `state_machine("…", …).open_sync()?`, and a process that is no member from `resource("…").open_sync()?`. A call looks like `proxy.get(…)?`.

# Errors

Each method returns what the state's method returns, or the framework's `Error`. Its `outcome()` says what is known of a write, and `is_retryable()` whether to try again.
*/
#[allow(dead_code, unreachable_pub)]
struct SyncMap<K, V> {
    client: ::copycat::__private::ResourceClient,
    types: ::core::marker::PhantomData<fn() -> (K, V)>,
}
#[allow(dead_code, unreachable_pub, clippy::all, clippy::pedantic, clippy::nursery)]
impl<K, V> SyncMap<K, V>
where
    K: ::copycat::__private::Data,
    V: ::copycat::__private::Data,
{
    ///Calls `get` of the replicated state.
    fn get(
        &self,
        key: &K,
    ) -> ::core::result::Result<Option<V>, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<MapCommands<K, V>>::__get)
            .keyed(&key, &())?;
        self.client.call_blocking::<Option<V>>(&<MapCommands<K, V>>::__get, arguments)
    }
    ///Calls `len` of the replicated state.
    fn len(&self) -> ::core::result::Result<u64, ::copycat::__private::Error> {
        let arguments = self.client.arguments(&<MapCommands<K, V>>::__len).keyless(&())?;
        self.client
            .call_all_blocking::<
                u64,
            >(&<MapCommands<K, V>>::__len, arguments, ::copycat::__private::sum)
    }
    ///Calls `is_empty` of the replicated state.
    fn is_empty(&self) -> ::core::result::Result<bool, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<MapCommands<K, V>>::__is_empty)
            .keyless(&())?;
        self.client
            .call_all_blocking::<
                bool,
            >(&<MapCommands<K, V>>::__is_empty, arguments, ::copycat::__private::and)
    }
    ///Calls `put` of the replicated state.
    fn put(
        &self,
        key: K,
        value: V,
    ) -> ::core::result::Result<Option<V>, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<MapCommands<K, V>>::__put)
            .keyed(&key, &(&value,))?;
        self.client.call_blocking::<Option<V>>(&<MapCommands<K, V>>::__put, arguments)
    }
    ///Calls `remove` of the replicated state.
    fn remove(
        &self,
        key: &K,
    ) -> ::core::result::Result<Option<V>, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<MapCommands<K, V>>::__remove)
            .keyed(&key, &())?;
        self.client.call_blocking::<Option<V>>(&<MapCommands<K, V>>::__remove, arguments)
    }
    ///Calls `get_all` of the replicated state.
    fn get_all(
        &self,
        keys: &[K],
    ) -> ::core::result::Result<Vec<(K, V)>, ::copycat::__private::Error> {
        let arguments = ::copycat::__private::split(
            ::copycat::__private::Vec::from_iter(keys.iter()),
            self.client.spread(&<MapCommands<K, V>>::__get_all),
            |each| each,
            |encoder, keys| encoder.keyless(&(keys,)),
        )?;
        self.client
            .call_parts_blocking::<
                Vec<(K, V)>,
            >(&<MapCommands<K, V>>::__get_all, arguments, ::copycat::__private::concat)
    }
    ///Calls `put_all` of the replicated state.
    fn put_all(
        &self,
        entries: Vec<(K, V)>,
    ) -> ::core::result::Result<(), ::copycat::__private::Error> {
        let arguments = ::copycat::__private::split(
            entries,
            self.client.spread(&<MapCommands<K, V>>::__put_all),
            |each| &each.0,
            |encoder, entries| encoder.keyless(&(entries,)),
        )?;
        self.client
            .call_parts_blocking::<
                (),
            >(&<MapCommands<K, V>>::__put_all, arguments, |(), ()| ())
    }
    ///Calls `clear` of the replicated state.
    fn clear(&self) -> ::core::result::Result<(), ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<MapCommands<K, V>>::__clear)
            .keyless(&())?;
        self.client.call_blocking::<()>(&<MapCommands<K, V>>::__clear, arguments)
    }
}
impl<K, V> ::core::clone::Clone for SyncMap<K, V> {
    fn clone(&self) -> Self {
        Self {
            client: ::core::clone::Clone::clone(&self.client),
            types: ::core::marker::PhantomData,
        }
    }
}
impl<K, V> ::core::fmt::Debug for SyncMap<K, V> {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_tuple("SyncMap").field(&self.client).finish()
    }
}
impl<K, V> ::copycat::__private::Proxy for SyncMap<K, V>
where
    K: ::copycat::__private::Data,
    V: ::copycat::__private::Data,
{
    type Commands = MapCommands<K, V>;
    fn from_client(client: ::copycat::__private::ResourceClient) -> Self {
        Self {
            client,
            types: ::core::marker::PhantomData,
        }
    }
    fn client(&self) -> &::copycat::__private::ResourceClient {
        &self.client
    }
}
impl<K, V> ::copycat::__private::SyncProxy for SyncMap<K, V>
where
    K: ::copycat::__private::Data,
    V: ::copycat::__private::Data,
{
    type Async = AsyncMap<K, V>;
}
