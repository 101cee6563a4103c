#[state_machine]
trait Map<K, V> {
    #[read]
    fn get(&self, #[key] key: &K) -> Option<V>;
    #[read(merge = sum)]
    fn len(&self) -> u64;
    #[read(merge = and, consistency = lease)]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    #[write(supersedes(put, remove))]
    fn put(&mut self, #[key] key: K, value: V) -> Option<V>;
    #[delete(supersedes(put, remove), id = 0x1d)]
    fn remove(&mut self, #[key] key: &K) -> Option<V>;
    #[read(merge = concat)]
    fn get_all(&self, #[key(each)] keys: &[K]) -> Vec<(K, V)>;
    #[write]
    fn put_all(&mut self, #[key(each.0)] entries: Vec<(K, V)>);
    #[delete(all)]
    fn clear(&mut self);
}
