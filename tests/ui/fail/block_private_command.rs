use bank::{AsyncLedger, AsyncSavings};

mod bank {
    use copycat::state_machine;

    pub struct Ledger(u64);

    #[state_machine]
    impl Ledger {
        #[read]
        pub(super) fn total(&self) -> u64 {
            self.0
        }
        #[read]
        fn hidden(&self) -> u64 {
            self.0
        }
    }

    pub struct Savings(u64);

    #[state_machine]
    impl Savings {
        #[read]
        fn total(&self) -> u64 {
            self.0
        }
    }
}

async fn uses(ledger: AsyncLedger, savings: AsyncSavings) {
    let _ = (ledger.total().await, ledger.hidden().await);
    let _ = savings;
}

fn main() {
    let _ = uses;
}
