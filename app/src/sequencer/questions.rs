//! Questions to the engine itself: what only it counts (use of risk limits, fee volumes, the
//! present terms of corrected trades, what it would refuse), for the few readers that want it. The live view answers
//! everything else.
//!
//! The engine is ahead of the disk. An answer therefore carries the sequence it is of and is given
//! out only once that is durable, so that nobody hears of what a crash could undo. The sequencer
//! takes at most one question between two runs of commands and the queue is short: readers
//! cannot hold up trading. A question must be constant work; those there are stand below.
//!
//! Must not come in: anything that walks orders or accounts, or changes state.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use zaraba_engine::engine::{Corrected, RiskUse};
use zaraba_engine::types::{AccountId, Amount, AssetId, RiskScope, Seq, Timestamp, TradeId};
use zaraba_engine::{Command, Engine, Reject};

use crate::platform::Status;

/// Questions that may wait.
const QUEUE: usize = 64;
/// Most assets of one question.
pub const ASSETS_MAX: usize = 256;
/// Longest wait for an answer and for what it tells to be durable.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often the durable mark is looked at.
const LOOK: Duration = Duration::from_millis(1);

/// One question, with the way its answer goes.
pub type Question = Box<dyn FnOnce(&Engine) + Send>;

/// Why a question has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// Too many are waiting.
    #[error("too many questions wait for the engine; try again")]
    Busy,
    /// The sequencer is stopped, or its journal has failed.
    #[error("the engine does not answer: the platform is stopping or its journal has failed")]
    Stopped,
}

/// Where questions are asked; cheap to clone.
#[derive(Clone)]
pub struct Questions {
    queue: Sender<Question>,
    status: Arc<Status>,
}

impl Questions {
    /// The asking end and the sequencer's.
    pub fn new(status: Arc<Status>) -> (Questions, Receiver<Question>) {
        let (queue, asked) = bounded(QUEUE);
        (Questions { queue, status }, asked)
    }

    /// What is counted for the limits of a scope at `now`.
    ///
    /// # Errors
    /// See [`QuestionError`].
    pub async fn risk_use(
        &self,
        scope: RiskScope,
        now: Timestamp,
    ) -> Result<(Seq, Option<RiskUse>), QuestionError> {
        self.ask(move |engine| engine.risk_use(scope, now)).await
    }

    /// What an account traded over the days that count for fees, by quote asset (at most
    /// [`ASSETS_MAX`] of them are looked at).
    ///
    /// # Errors
    /// See [`QuestionError`].
    pub async fn fee_volumes(
        &self,
        account: AccountId,
        assets: Vec<AssetId>,
    ) -> Result<(Seq, Vec<(AssetId, Amount)>), QuestionError> {
        let volume = move |engine: &Engine| {
            let assets = assets.iter().take(ASSETS_MAX);
            assets.map(|asset| (*asset, engine.fee_volume(account, *asset))).collect()
        };
        self.ask(volume).await
    }

    /// How a trade was corrected, if it was.
    ///
    /// # Errors
    /// See [`QuestionError`].
    pub async fn correction(
        &self,
        trade: TradeId,
    ) -> Result<(Seq, Option<Corrected>), QuestionError> {
        self.ask(move |engine| engine.correction(trade)).await
    }

    /// What a definition would be refused with now; see [`Engine::would_refuse`].
    ///
    /// # Errors
    /// See [`QuestionError`].
    pub async fn would_refuse(
        &self,
        command: Command,
    ) -> Result<(Seq, Option<Reject>), QuestionError> {
        self.ask(move |engine| engine.would_refuse(&command)).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Result<(Seq, T), QuestionError> {
        let (answer, answered) = oneshot::channel();
        let work: Question = Box::new(move |engine| {
            // Who asked may have gone away meanwhile.
            let _ = answer.send((engine.seq(), question(engine)));
        });
        self.queue.try_send(work).map_err(|error| match error {
            TrySendError::Full(_) => QuestionError::Busy,
            TrySendError::Disconnected(_) => QuestionError::Stopped,
        })?;
        let told = async {
            let (seq, told) = answered.await.map_err(|_| QuestionError::Stopped)?;
            while self.status.durable.get() < seq {
                sleep(LOOK).await;
            }
            Ok((seq, told))
        };
        timeout(PATIENCE, told).await.unwrap_or(Err(QuestionError::Stopped))
    }
}
