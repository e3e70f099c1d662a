//! Starts and stops everything, in the order that loses nothing; the only room that sees
//! all others. Holds no logic of its own.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use zaraba_engine::types::Seq;

use crate::auth::Keys;
use crate::auth::token::AdminTokens;
use crate::bus::Batch;
use crate::clock::{self, MarketClock};
use crate::config::Config;
use crate::database::{Access, Passwords};
use crate::flags::Flags;
use crate::intake;
use crate::intake::gate::Gate;
use crate::journal::disk::{Disk, RealDisk};
use crate::journal::{self, Dirs, Snapshotter, SnapshotterParts};
use crate::live::Live;
use crate::market::{Market, warm};
use crate::platform::{Platform, Status};
use crate::projections::Projector;
use crate::projections::source::JournalSource;
use crate::queries::{History, connect_options};
use crate::schedule::{Calendar, Schedule};
use crate::sequencer::{Hook, Pulse, Questions, Sequencer, SequencerHandle, SequencerParts};

/// Longest that a start waits for the database's API keys.
const FIRST_KEYS: Duration = Duration::from_millis(1_500);

/// The running platform without its network doors.
pub struct Core {
    /// Handles for the doors.
    pub platform: Platform,
    dirs: Dirs,
    disk: Arc<dyn Disk>,
    sequencer: SequencerHandle,
    snapshotter: Snapshotter,
    projector: Projector,
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
        Core::start_with(config, disk, MarketClock::REAL).await
    }

    /// As [`Core::start`], on the given disk and by the given clock: for simulated days.
    ///
    /// # Errors
    /// As [`Core::start`]; also when the journal is ahead of a simulated clock.
    pub async fn start_with(
        config: Config,
        disk: Arc<dyn Disk>,
        clock: MarketClock,
    ) -> anyhow::Result<Core> {
        let config = Arc::new(config);
        let dirs = Dirs::of(&config.data_dir);
        let calendar = Calendar::new(&config.schedule).map_err(anyhow::Error::msg)?;
        let recovered = tokio::task::spawn_blocking({
            let (dirs, config, disk) = (dirs.clone(), config.clone(), disk.clone());
            move || journal::recover_with(&dirs, &config, disk, clock)
        })
        .await??;

        anyhow::ensure!(
            !clock.is_simulated() || recovered.writer.last_at() <= clock.now(),
            "the journal in {} goes on after the day to simulate: choose a later day or an \
             empty directory",
            dirs.journal.display()
        );
        let status = Arc::new(Status::new(clock::now(), recovered.engine.seq()));
        let pulse = Arc::new(Pulse::of(&recovered.engine));
        let live = Arc::new(Live::from_engine(&recovered.engine));
        let market = Market::start(&config, &recovered.engine, clock);
        let history = Arc::new(History::new(&config.postgres)?);
        let keys_pool = small_pool(&config, "zaraba-keys")?;
        let keys = Keys::open(&config.auth, &config.data_dir, keys_pool.clone(), live.clone())
            .context("API keys cannot be used")?;
        let keys = Arc::new(keys);
        // Before the doors open, so that a key made shortly before a crash is known at once.
        // With the database away the sealed copy must do; `Keys::run` goes on trying.
        let _ = tokio::time::timeout(FIRST_KEYS, keys.refresh()).await;
        let flags_pool = small_pool(&config, "zaraba-flags")?;
        // Names that are not UTF-8 are nobody's flags.
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let flags = Flags::new(&config.flags, environment, flags_pool.clone())
            .map_err(anyhow::Error::msg)?;
        let flags = Arc::new(flags);
        flags.first().await;

        let intake = &config.intake;
        let (gate, queue, stopped) = Gate::new(intake.queue, intake.commands_per_second);
        let (questions, asked) = Questions::new(status.clone());
        let sequencer = Sequencer::start(SequencerParts {
            engine: recovered.engine,
            writer: recovered.writer,
            queue,
            questions: asked,
            stopped,
            status: status.clone(),
            hooks: hooks(&live, &market),
            config: config.clone(),
            clock,
            pulse: pulse.clone(),
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

        let access = connect_options(&config.postgres)?.application_name("zaraba-projector");
        let access = Access::from(access);
        let projector = Projector::start(
            Box::new(JournalSource::live(dirs.clone(), status.durable.clone())),
            access.clone(),
            config.postgres.projection_commands,
            status.clone(),
        );
        let stop = CancellationToken::new();
        let schedule = Schedule { calendar, clock, pulse: pulse.clone(), gate: gate.clone() };
        let passwords = Passwords {
            file: config.postgres.password_file.clone(),
            access,
            pools: vec![history.pool(), keys_pool, flags_pool],
        };
        let tasks = vec![
            spawn_until(&stop, passwords.follow()),
            spawn_until(&stop, keys.clone().run(stop.clone())),
            spawn_until(&stop, flags.clone().run(stop.clone())),
            tokio::spawn(schedule.run(stop.clone())),
            spawn_until(
                &stop,
                warm::run(market.clone(), live.clone(), history.clone(), config.market.clone()),
            ),
        ];
        let platform = Platform {
            config,
            gate,
            questions,
            live,
            market,
            history,
            keys,
            flags,
            status,
            clock,
            pulse,
        };
        Ok(Core { platform, dirs, disk, sequencer, snapshotter, projector, stop, tasks })
    }

    /// Stops in order: nothing new, what is queued is made durable and answered, the state is
    /// written as a snapshot so that the next start is quick.
    /// Where the state ended: sequence and hash, when all of it is durable.
    pub async fn stop(self) -> Option<(Seq, u64)> {
        let Core { platform, dirs, disk, sequencer, snapshotter, projector, stop, tasks } = self;
        stop.cancel();
        for task in tasks {
            // A task that panicked has logged; there is nothing more to stop in it.
            let _ = task.await;
        }
        let stopped = tokio::task::spawn_blocking(move || {
            let last = sequencer.shutdown();
            snapshotter.stop();
            let (engine, journal) = last?;
            if let Err(error) = journal::write_snapshot(&dirs, journal, &engine, &*disk) {
                tracing::error!(event = "snapshot.final_failed", %error, "the next start replays more");
            }
            Some((engine.seq(), engine.state_hash()))
        });
        let state = stopped.await.unwrap_or_else(|_| {
            tracing::error!(event = "wiring.stop_panicked");
            None
        });
        platform.market.stop();
        projector.stop().await;
        platform.history.close().await;
        state
    }
}

/// The whole node: the platform and its doors.
pub struct Node {
    /// Where the public API listens.
    pub public: SocketAddr,
    /// Where the admin API, health and metrics listen.
    pub admin: SocketAddr,
    /// Handles, for tools that run in this process.
    pub platform: Platform,
    core: Core,
    doors: CancellationToken,
    servers: JoinSet<std::io::Result<()>>,
}

impl Node {
    /// Starts the platform and opens its doors.
    ///
    /// # Errors
    /// As [`Core::start`], and when an address cannot be listened on.
    pub async fn start(config: Config) -> anyhow::Result<Node> {
        Node::start_with(config, MarketClock::REAL).await
    }

    /// As [`Node::start`], by the given clock: for simulated days.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub async fn start_with(config: Config, clock: MarketClock) -> anyhow::Result<Node> {
        let public = bind("http.listen", config.http.listen)?;
        let admin = bind("http.admin_listen", config.http.admin_listen)?;
        let file = &config.http.admin_token_file;
        let tokens = AdminTokens::open(file, config.http.admin_token_days)
            .with_context(|| format!("http.admin_token_file {}", file.display()))?;
        let core = Core::start_with(config, Arc::new(RealDisk), clock).await?;
        let platform = core.platform.clone();
        let doors = CancellationToken::new();
        let (public_at, admin_at) = (public.local_addr()?, admin.local_addr()?);
        let mut servers = JoinSet::new();
        servers.spawn(intake::http::serve(platform.clone(), public, doors.clone()));
        servers.spawn(intake::admin::serve(platform.clone(), tokens, admin, doors.clone()));
        tracing::info!(event = "node.started", http.public = %public_at, http.admin = %admin_at);
        Ok(Node { public: public_at, admin: admin_at, platform, core, doors, servers })
    }

    /// Resolves when a door has closed without being told to.
    pub async fn door_closed(&mut self) {
        match self.servers.join_next().await {
            Some(Ok(Err(error))) => tracing::error!(event = "node.door_failed", %error),
            Some(closed) => tracing::error!(event = "node.door_closed", how = ?closed),
            None => std::future::pending().await,
        }
    }

    /// Closes the doors, answers what is open, then stops the platform; where it ended, as
    /// [`Core::stop`].
    pub async fn stop(mut self) -> Option<(Seq, u64)> {
        self.platform.market.stop();
        self.doors.cancel();
        while let Some(closed) = self.servers.join_next().await {
            if let Ok(Err(error)) = closed {
                tracing::error!(event = "node.door_failed", %error);
            }
        }
        let state = self.core.stop().await;
        let (seq, hash) = state.unwrap_or_default();
        tracing::info!(event = "node.stopped", seq = seq.0, state_hash = format!("{hash:016x}"));
        state
    }
}

fn bind(setting: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).with_context(|| {
        format!(
            "cannot listen on {setting} = {address}; is another node running, or the port taken?"
        )
    })
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

/// A few connections for what is read now and then; none is made yet.
fn small_pool(config: &Config, name: &str) -> anyhow::Result<PgPool> {
    let options = connect_options(&config.postgres)?.application_name(name);
    Ok(PgPoolOptions::new()
        .max_connections(2)
        .acquire_timeout(Duration::from_secs(5))
        .connect_lazy_with(options))
}

/// What happens with a durable batch before its replies go out.
fn hooks(live: &Arc<Live>, market: &Arc<Market>) -> Vec<Hook> {
    let (live, market) = (live.clone(), market.clone());
    vec![
        Box::new(move |batch: &Arc<Batch>| live.apply(batch)),
        Box::new(move |batch: &Arc<Batch>| market.publish(batch)),
    ]
}

/// Runs a node until it is told to stop (SIGINT, SIGTERM) or one of its doors fails.
///
/// # Errors
/// When it cannot start, or a door failed.
pub fn serve(config: Config) -> anyhow::Result<()> {
    crate::telemetry::init(&config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut node = Node::start(config).await?;
        let mut terminate = signal(SignalKind::terminate())?;
        let failed = tokio::select! {
            () = node.door_closed() => true,
            _ = tokio::signal::ctrl_c() => false,
            _ = terminate.recv() => false,
        };
        node.stop().await;
        anyhow::ensure!(!failed, "a network door failed; the log says which and why");
        Ok(())
    })
}
