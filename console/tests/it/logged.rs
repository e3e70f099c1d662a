//! The console's log as JSON lines, for tests that read it. It is one for the whole process: other
//! tests' lines are in it, too.

use std::io::{self, Write};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

/// The lines so far.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

static LOG: OnceLock<Log> = OnceLock::new();

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to capture, if nobody did before.
pub fn capture() -> Log {
    LOG.get_or_init(|| {
        let log = Log::default();
        let made = log.clone();
        tracing_subscriber::fmt()
            .with_env_filter("info")
            .json()
            .flatten_event(true)
            .with_writer(move || made.clone())
            .init();
        log
    })
    .clone()
}

impl Log {
    /// Lines that contain this.
    pub fn lines_with(&self, text: &str) -> Vec<String> {
        let bytes = self.0.lock().clone();
        let all = String::from_utf8_lossy(&bytes);
        all.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
    }
}
