//! Starts and stops everything, in the order that loses nothing; the only room that sees
//! all others. Holds no logic of its own.

use std::sync::Arc;

use anyhow::Context;
use sqlx::postgres::PgPoolOptions;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::auth::Keys;
use crate::bus::Batch;
use crate::clock;
use crate::config::Config;
use crate::intake::gate::Gate;
use crate::journal::disk::{Disk, RealDisk};
use crate::journal::{self, Dirs, Snapshotter, SnapshotterParts};
use crate::live::Live;
use crate::market::Market;
use crate::platform::{Platform, Status};
use crate::queries::{History, connect_options};
use crate::schedule::{self, DayRolls};
use crate::sequencer::{Hook, Sequencer, SequencerHandle, SequencerParts};

/// The running platform without its network doors.
pub struct Core {
    /// Handles for the doors.
    pub platform: Platform,
    dirs: Dirs,
    disk: Arc<dyn Disk>,
    sequencer: SequencerHandle,
    snapshotter: Snapshotter,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Core {
    /// Recovers the state and starts everything behind the doors. Postgres need not be there.
    ///
    /// # Errors
    /// When the journal cannot be opened or a setting cannot be used; the message names it.
    pub async fn start(config: Config) -> anyhow::Result<Core> {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        Core::start_on(config, disk).await
    }

    /// As [`Core::start`], on the given disk: for tests of failing ones.
    ///
    /// # Errors
    /// As [`Core::start`].
    pub async fn start_on(config: Config, disk: Arc<dyn Disk>) -> anyhow::Result<Core> {
        let config = Arc::new(config);
        let dirs = Dirs::of(&config.data_dir);
        let rolls = DayRolls::new(&config.schedule).map_err(anyhow::Error::msg)?;
        let recovered = tokio::task::spawn_blocking({
            let (dirs, config, disk) = (dirs.clone(), config.clone(), disk.clone());
            move || journal::recover(&dirs, &config, disk)
        })
        .await??;

        let status = Arc::new(Status::new(clock::now()));
        let live = Arc::new(Live::from_engine(&recovered.engine));
        let market = Market::start(&config, &recovered.engine);
        let history = Arc::new(History::new(&config.postgres)?);
        let pool = PgPoolOptions::new()
            .max_connections(2)
            .acquire_timeout(std::time::Duration::from_secs(5))
            .connect_lazy_with(connect_options(&config.postgres)?.application_name("zaraba-keys"));
        let keys = Keys::open(&config.auth, &config.data_dir, pool, live.clone())
            .context("API keys cannot be used")?;
        let keys = Arc::new(keys);

        let (gate, queue, stopped) = Gate::new(config.intake.queue);
        let sequencer = Sequencer::start(SequencerParts {
            engine: recovered.engine,
            writer: recovered.writer,
            queue,
            stopped,
            status: status.clone(),
            hooks: hooks(&live, &market),
            config: config.clone(),
        })
        .context("the sequencer's threads cannot be started")?;
        let snapshotter = Snapshotter::start(SnapshotterParts {
            dirs: dirs.clone(),
            journal: sequencer.journal_id(),
            config: config.journal.clone(),
            status: status.clone(),
            disk: disk.clone(),
        })
        .context("the snapshotter's thread cannot be started")?;

        let stop = CancellationToken::new();
        let tasks = vec![
            spawn_until(&stop, keys.clone().run(stop.clone())),
            tokio::spawn(schedule::run(rolls, gate.clone(), stop.clone())),
        ];
        let platform = Platform { config, gate, live, market, history, keys, status };
        Ok(Core { platform, dirs, disk, sequencer, snapshotter, stop, tasks })
    }

    /// Stops in order: nothing new, what is queued is made durable and answered, the state is
    /// written as a snapshot so that the next start is quick.
    pub async fn stop(self) {
        let Core { platform, dirs, disk, sequencer, snapshotter, stop, tasks } = self;
        stop.cancel();
        for task in tasks {
            // A task that panicked has logged; there is nothing more to stop in it.
            let _ = task.await;
        }
        let stopped = tokio::task::spawn_blocking(move || {
            let last = sequencer.shutdown();
            snapshotter.stop();
            if let Some((engine, journal)) = last
                && let Err(error) = journal::write_snapshot(&dirs, journal, &engine, &*disk)
            {
                tracing::error!(event = "snapshot.final_failed", %error, "the next start replays more");
            }
        });
        if stopped.await.is_err() {
            tracing::error!(event = "wiring.stop_panicked");
        }
        platform.market.stop();
        platform.history.close().await;
    }
}

/// Runs a task that may be waiting for a database that is not there: stopping does not.
fn spawn_until(
    stop: &CancellationToken,
    task: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<()> {
    let stop = stop.clone();
    tokio::spawn(async move {
        stop.run_until_cancelled(task).await;
    })
}

/// What happens with a durable batch before its replies go out.
fn hooks(live: &Arc<Live>, market: &Arc<Market>) -> Vec<Hook> {
    let (live, market) = (live.clone(), market.clone());
    vec![
        Box::new(move |batch: &Arc<Batch>| live.apply(batch)),
        Box::new(move |batch: &Arc<Batch>| market.publish(batch)),
    ]
}
