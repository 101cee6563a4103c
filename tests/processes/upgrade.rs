//! A rolling upgrade to a program with more commands, and back, under load.

use super::children::{Children, MEMBER, UPGRADED};
use super::service::NAME;
use super::upgraded_service::AsyncEntries;
use super::writers::Writers;
use crate::{REQUEST_TIMEOUT, progress, until};
use copycat::{Consistency, Error, Outcome, Proxy};

/// Calls the commands that only the newer program has, while the last member runs the old one. They are refused, and
/// the error names that member.
async fn are_refused(children: &mut Children, entries: &AsyncEntries) {
    let names = |error: &Error| error.to_string().contains("not known to member 3;");
    // A leader accepts what is on record before it has heard of the old program. A read leaves nothing in the log.
    until("a refusal that names the member", async || match entries.count().await {
        Err(error) if names(&error) => Some(()),
        // An old leader can say only that it has no such command.
        Err(error) if error.code() == 10 => {
            children.replace(2, MEMBER);
            None
        }
        _ => None,
    })
    .await;
    let refused = entries.clear().await.expect_err("a member does not know the command");
    assert!(names(&refused), "{refused}");
    let told = (refused.code(), refused.outcome(), refused.is_retryable());
    assert_eq!(told, (19, Outcome::NotApplied, true), "{refused}");
}

/// Replaces one member after the other, while clients write.
pub(crate) async fn back_and_forth() {
    let mut children = Children::new();
    children.start_all();
    let remote = children.remote(children.seeds(), REQUEST_TIMEOUT).await;
    let writers = Writers::start(std::slice::from_ref(&remote));
    let entries: AsyncEntries = remote.resource(NAME).open().await.expect("what both have is the same");
    progress(&writers, 20).await;

    // Forth, as far as the second member, and back. No log has a command that an old program does not know.
    children.replace(0, UPGRADED);
    progress(&writers, 20).await;
    let error = entries.clear().await.expect_err("two members do not know the command");
    assert_eq!(error.outcome(), Outcome::NotApplied, "{error}");
    children.replace(1, UPGRADED);
    progress(&writers, 20).await;
    are_refused(&mut children, &entries).await;
    children.replace(0, MEMBER);
    children.replace(1, MEMBER);
    progress(&writers, 20).await;
    let error = entries.clear().await.expect_err("no member knows the command");
    assert_eq!(error.outcome(), Outcome::NotApplied, "{error}");

    // All the way, and back again: the command may be on record now, and was never called.
    for at in 0..3 {
        children.replace(at, UPGRADED);
        progress(&writers, 20).await;
    }
    children.replace(2, MEMBER);
    progress(&writers, 20).await;
    are_refused(&mut children, &entries).await;
    children.replace(2, UPGRADED);
    progress(&writers, 20).await;
    let account = writers.end().await;

    // Now it is called. Nothing that was acknowledged was lost, and no member is halted.
    let cleared = until("the new command", async || entries.clear().await.ok()).await;
    let least = account.acknowledged.len() as u64;
    let most = least + account.unknown.len() as u64;
    assert!((least..=most).contains(&cleared), "{cleared} of {least} to {most}");
    for seed in children.seeds().to_vec() {
        let remote = children.remote(&[seed], REQUEST_TIMEOUT).await;
        let entries: AsyncEntries = remote.resource(NAME).open().await.expect("a proxy");
        let own = entries.with_consistency(Consistency::Eventual);
        until("an empty list", async || own.numbers().await.ok().filter(Vec::is_empty)).await;
    }
    children.close_all();
}
