//! The four ports of a development instance, next to each other.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long a port may stay taken after its holder was killed.
const LET_GO_WITHIN: Duration = Duration::from_secs(3);

/// Where everything listens; loopback only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    base: u16,
}

impl Ports {
    /// Ports from `base` on.
    pub fn from(base: u16) -> Ports {
        Ports { base }
    }

    fn address(self, offset: u16) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.base + offset).into()
    }
    /// Public REST and WebSocket.
    pub fn api(self) -> SocketAddr {
        self.address(0)
    }
    /// Admin API, health, metrics.
    pub fn admin(self) -> SocketAddr {
        self.address(1)
    }
    /// Console.
    pub fn console(self) -> SocketAddr {
        self.address(2)
    }
    /// Private Postgres.
    pub fn postgres(self) -> SocketAddr {
        self.address(3)
    }

    /// Makes sure that all of them are free, before anything is started. A Postgres that a
    /// crashed run left behind (`pid_file` is there) may hold its port: it is ended later.
    ///
    /// # Errors
    /// Which one is taken, and how to choose others.
    pub async fn check(self, pid_file: &Path) -> Result<()> {
        let all = [
            ("the API", self.api()),
            ("the admin API", self.admin()),
            ("the console", self.console()),
            ("Postgres", self.postgres()),
        ];
        for (what, address) in all {
            let begun = Instant::now();
            while let Err(error) = TcpListener::bind(address) {
                if address == self.postgres() && pid_file.exists() {
                    break;
                }
                // What a killed run started is ending; a moment is enough.
                if begun.elapsed() > LET_GO_WITHIN {
                    bail!(
                        "port {} is not free for {what} ({error}); choose four others next to \
                         each other with --port-base N",
                        address.port()
                    );
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_named_with_the_way_out() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let nowhere = Path::new("/nowhere/postmaster.pid");
        let error = Ports::from(port).check(nowhere).await.unwrap_err().to_string();
        assert!(error.contains(&format!("port {port} ")) && error.contains("the API"), "{error}");
        assert!(error.contains("--port-base"), "{error}");
    }
}
