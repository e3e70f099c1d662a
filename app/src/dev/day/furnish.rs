//! What a simulated day needs and is not there: shares, participants with means, a house that
//! deals in odd lots. Sent as commands through the gate of this process, many at a time: over
//! the admin API, fifty thousand of them would take minutes.

use std::collections::VecDeque;

use anyhow::{Context, Result, bail};
use tokio::sync::oneshot;
use zaraba_engine::command::{OddLotTerms, Provenance, Transfer, TransferKind};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

use super::plan::{ACCOUNTS, DESKS, HOLDERS, holder};
use super::universe::Share;
use crate::bus::Receipt;
use crate::intake::gate::GateError;
use crate::platform::Platform;

/// Commands on their way at once.
const ON_THEIR_WAY: usize = 4_096;
/// First deposit of a participant, in minor units: 200 billion yen.
const CASH: i64 = 2_000_000_000_000_000;
/// Shares of each holder.
const HOLDING: i64 = 5_000_000;
/// Shares the house keeps for its odd-lot desk.
const HOUSE_HOLDING: i64 = 200_000;

/// Where the day's participants and shares are among the venue's.
struct Places {
    /// First participant; the others follow.
    first_account: AccountId,
    /// Number of each share.
    instruments: Vec<InstrumentId>,
}

/// Commands on their way through the gate, answered in order.
struct Pipe<'a, T> {
    platform: &'a Platform,
    waiting: VecDeque<(T, oneshot::Receiver<Receipt>)>,
}

impl<'a, T> Pipe<'a, T> {
    /// An empty pipe.
    fn new(platform: &'a Platform) -> Pipe<'a, T> {
        Pipe { platform, waiting: VecDeque::new() }
    }

    /// Hands in a command; answers that have come meanwhile are given to `answered`.
    ///
    /// # Errors
    /// When the platform accepts nothing any more.
    async fn push(
        &mut self,
        tag: T,
        command: Command,
        mut answered: impl FnMut(T, Receipt) -> Result<()>,
    ) -> Result<()> {
        let receiver = loop {
            match self.platform.gate.enqueue(command.clone()) {
                Ok(receiver) if self.waiting.len() < ON_THEIR_WAY => break receiver,
                Ok(receiver) => {
                    self.oldest(&mut answered).await?;
                    break receiver;
                }
                Err(GateError::Busy) if self.waiting.is_empty() => {
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
                Err(GateError::Busy) => self.oldest(&mut answered).await?,
                Err(error) => bail!("the day cannot go on: {error}"),
            }
        };
        self.waiting.push_back((tag, receiver));
        self.poll(answered)
    }

    /// Gives the answers that have come to `answered`.
    ///
    /// # Errors
    /// When an answer got lost, or `answered` fails.
    fn poll(&mut self, mut answered: impl FnMut(T, Receipt) -> Result<()>) -> Result<()> {
        while let Some((_, receiver)) = self.waiting.front_mut() {
            match receiver.try_recv() {
                Ok(receipt) => {
                    let (tag, _) = self.waiting.pop_front().expect("it was just looked at");
                    answered(tag, receipt)?;
                }
                Err(oneshot::error::TryRecvError::Empty) => return Ok(()),
                Err(oneshot::error::TryRecvError::Closed) => bail!("the journal has failed"),
            }
        }
        Ok(())
    }

    async fn oldest(&mut self, answered: &mut impl FnMut(T, Receipt) -> Result<()>) -> Result<()> {
        if let Some((tag, receiver)) = self.waiting.pop_front() {
            answered(tag, receiver.await.context("the journal has failed")?)?;
        }
        Ok(())
    }

    /// Waits for all answers.
    ///
    /// # Errors
    /// As [`Pipe::poll`].
    async fn finish(mut self, mut answered: impl FnMut(T, Receipt) -> Result<()>) -> Result<()> {
        while !self.waiting.is_empty() {
            self.oldest(&mut answered).await?;
        }
        Ok(())
    }
}

/// A participant's code.
pub(super) fn code(number: u32) -> String {
    format!("day-{:04}", number + 1)
}

/// Creates what is missing.
///
/// # Errors
/// When the platform refuses something.
pub async fn furnish(platform: &Platform, shares: &[Share]) -> Result<()> {
    let live = &platform.live;
    let jpy = live.asset_by_code("JPY").context("the instance has no yen")?;
    let there = live.instrument_by_symbol(&shares.last().context("no shares")?.code).is_some()
        && live.account(&code(ACCOUNTS - 1)).is_some();
    if !there {
        create(platform, shares, jpy).await?;
    }
    let place = |share: &Share| {
        live.instrument_by_symbol(&share.code).with_context(|| format!("{} is missing", share.code))
    };
    let instruments = shares.iter().map(place).collect::<Result<Vec<_>>>()?;
    let first_account = live.account(&code(0)).context("the first participant is missing")?;
    let places = Places { first_account, instruments };
    if !there {
        fund(platform, &places, jpy).await?;
    }
    Ok(())
}

/// Assets, instruments and accounts, in order, so that numbers do not depend on chance.
async fn create(platform: &Platform, shares: &[Share], jpy: AssetId) -> Result<()> {
    let mut next_asset = platform.live.assets().len() as u32;
    let mut pipe = Pipe::new(platform);
    for share in shares {
        if platform.live.instrument_by_symbol(&share.code).is_some() {
            continue;
        }
        let asset = match platform.live.asset_by_code(&share.code) {
            Some(asset) => asset,
            None => {
                pipe.push((), Command::CreateAsset(share.asset()), taken).await?;
                next_asset += 1;
                AssetId(next_asset - 1)
            }
        };
        let spec = Box::new(share.spec(asset, jpy));
        pipe.push((), Command::CreateInstrument(spec), taken).await?;
    }
    for number in 0..ACCOUNTS {
        let code = AccountCode::new(&code(number)).unwrap_or_default();
        pipe.push((), Command::CreateAccount { code }, taken).await?;
    }
    pipe.finish(taken).await
}

/// Means of the participants and the house, and the odd-lot desks.
async fn fund(platform: &Platform, places: &Places, jpy: AssetId) -> Result<()> {
    let mut pipe = Pipe::new(platform);
    let account = |number: u32| AccountId(places.first_account.0 + number);
    for number in 0..ACCOUNTS {
        pipe.push((), deposit(account(number), jpy, CASH), taken).await?;
    }
    pipe.push((), deposit(AccountId::HOUSE, jpy, CASH), taken).await?;
    for (index, &instrument) in places.instruments.iter().enumerate() {
        let spec = platform.live.spec(instrument).context("a share is missing")?;
        for number in 0..HOLDERS {
            let holder = account(holder(index as u32, number));
            pipe.push((), deposit(holder, spec.base_asset, HOLDING), taken).await?;
        }
        if index < DESKS {
            let house = deposit(AccountId::HOUSE, spec.base_asset, HOUSE_HOLDING);
            pipe.push((), house, taken).await?;
            let terms = OddLotTerms {
                batch: true,
                principal: true,
                spread_ppm: 3_500,
                max_quantity: Quantity(99),
                max_value: Amount(0),
                round_to: Amount(10_000),
            };
            let by = Box::new(by());
            let command = Command::SetOddLotTerms { instrument, terms: Box::new(terms), by };
            pipe.push((), command, taken).await?;
        }
    }
    pipe.finish(taken).await
}

fn by() -> Provenance {
    let text = "simulated day";
    Provenance {
        approver: Default::default(),
        actor: Text::new("zaraba-dev").unwrap_or_default(),
        request: Text::new(text).unwrap_or_default(),
        reason: Text::new(text).unwrap_or_default(),
    }
}

fn deposit(account: AccountId, asset: AssetId, amount: i64) -> Command {
    let transfer = Transfer {
        kind: TransferKind::Deposit,
        account,
        asset,
        amount: Amount(amount),
        reference: ClientId::new(&format!("day-{asset}")).unwrap_or_default(),
    };
    Command::Transfer { transfer, by: Box::new(by()) }
}

/// Everything must be taken; what is there already (a start that was cut short) is fine.
fn taken((): (), receipt: Receipt) -> Result<()> {
    match receipt.events().last() {
        Some(Event::Refused { code: Reject::AlreadyExists, .. }) => Ok(()),
        Some(Event::Refused { code, .. }) => {
            bail!("{:?} was refused: {code}", receipt.step().command)
        }
        _ => Ok(()),
    }
}
