//! Child processes that end with us. Each has a thread of its own that starts it and waits
//! for it, because the kernel's parent-death signal is tied to the thread that started a
//! child, and runtime threads come and go. Children are in process groups of their own, so
//! that Ctrl-C reaches us and we stop them in the right order.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};

/// A running child process.
pub struct Supervised {
    /// Its number.
    pub pid: Pid,
    /// The thread that ends when the process does.
    pub waiter: JoinHandle<()>,
}

impl Supervised {
    /// Starts `command`; if this process is killed outright, the child gets `on_our_death`.
    ///
    /// # Errors
    /// Why it cannot be started.
    pub fn spawn(name: &str, mut command: Command, on_our_death: Signal) -> io::Result<Supervised> {
        command.process_group(0);
        // SAFETY: between fork and exec only this one async-signal-safe system call is made;
        // it allocates nothing and touches no lock.
        unsafe {
            command.pre_exec(move || Ok(set_parent_process_death_signal(Some(on_our_death))?));
        }
        let (report, started) = std::sync::mpsc::channel();
        let waiter =
            std::thread::Builder::new().name(name.into()).spawn(move || match command.spawn() {
                Ok(mut child) => {
                    let _ = report.send(Ok(Pid::from_child(&child)));
                    let _ = child.wait();
                }
                Err(e) => {
                    let _ = report.send(Err(e));
                }
            })?;
        let pid = started.recv().map_err(|_| io::Error::other("its thread ended"))??;
        Ok(Supervised { pid, waiter })
    }

    /// Whether the process has ended by itself.
    pub fn has_ended(&self) -> bool {
        self.waiter.is_finished()
    }

    /// Sends `signal` and waits for the end.
    pub fn end(self, signal: Signal) {
        if !self.has_ended() {
            // It can end between the look and the signal; then there is nothing to stop.
            let _ = kill_process(self.pid, signal);
        }
        let _ = self.waiter.join();
    }
}
