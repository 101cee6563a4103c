use copycat::state_machine;
use serde::{Deserialize, Serialize};

struct Context;

#[state_machine]
trait Lock {
    #[write]
    fn acquire(&mut self, #[key] name: String, #[context] cx: &mut Context) -> u64;

    #[write]
    fn release(&mut self, #[context] cx: &mut Context, #[key] name: String);
}

#[derive(Serialize, Deserialize)]
struct Locks;

impl Lock for Locks {
    fn acquire(&mut self, _name: String, _cx: &mut Context) -> u64 {
        7
    }

    fn release(&mut self, _cx: &mut Context, _name: String) {}
}

async fn serve(copycat: &copycat::Copycat) -> Result<(), copycat::Error> {
    let lock: AsyncLock = copycat.state_machine("lock", || Locks).open().await?;
    lock.acquire("door".into()).await?;
    lock.release("door".into()).await
}

fn main() {}
