//! `console.sign_in_failures`: how often an address failed, alone and per login. Counting
//! is per address only, so that nobody can lock out a person who signs in from elsewhere;
//! and it is bounded, because an address that is over its limit is not counted further.

use std::net::IpAddr;
use std::time::Duration;

use sqlx::PgPool;

use crate::config::SignIn;

/// The key an address is counted under: IPv4 as it is, IPv6 by its /64, which is what one
/// customer gets.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let s = v6.segments();
            format!("{:x}:{:x}:{:x}:{:x}::/64", s[0], s[1], s[2], s[3])
        }
    }
}

/// Whether this address has to wait before it may try this login again.
///
/// # Errors
/// When the database does not answer.
pub async fn must_wait(
    pool: &PgPool,
    limits: &SignIn,
    network: &str,
    login: &str,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT coalesce(bool_or(
               failures >= CASE WHEN login = '' THEN $3::integer ELSE $4::integer END
           ), false) AS "wait!"
           FROM console.sign_in_failures
           WHERE address = $1 AND login IN ('', $2)
             AND started_at > now() - make_interval(mins => $5)"#,
        network,
        login,
        limits.failures_per_address,
        limits.failures_per_login,
        limits.window_minutes
    )
    .fetch_one(pool)
    .await
}

/// How often a login failed in the window, from anywhere.
///
/// # Errors
/// When the database does not answer.
pub async fn of_login(pool: &PgPool, limits: &SignIn, login: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT coalesce(sum(failures), 0)::bigint AS "failures!"
           FROM console.sign_in_failures
           WHERE login = $1 AND started_at > now() - make_interval(mins => $2)"#,
        login,
        limits.window_minutes
    )
    .fetch_one(pool)
    .await
}

/// How long an attempt at a login waits that failed so often from anywhere: nothing at first,
/// at most four seconds. It slows guessing from many addresses, and never refuses the person.
pub fn pause(failures: i64) -> Duration {
    let steps = (failures / 20).clamp(0, 4);
    Duration::from_secs(steps.unsigned_abs())
}

/// Counts one failure. Windows that are over go away on this occasion.
///
/// # Errors
/// When the database does not answer.
pub async fn count(pool: &PgPool, limits: &SignIn, network: &str, login: &str) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query!(
        "DELETE FROM console.sign_in_failures
         WHERE started_at <= now() - make_interval(mins => $1)",
        limits.window_minutes
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "INSERT INTO console.sign_in_failures (address, login, failures, started_at)
         SELECT $1, l, 1, now() FROM unnest(ARRAY['', $2]) AS l ORDER BY l
         ON CONFLICT (address, login) DO UPDATE
         SET failures = sign_in_failures.failures + 1",
        network,
        login
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// Forgets the failures of a login from an address, after it signed in.
///
/// # Errors
/// When the database does not answer.
pub async fn forget(pool: &PgPool, network: &str, login: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM console.sign_in_failures WHERE address = $1 AND login = $2",
        network,
        login
    )
    .execute(pool)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{network, pause};

    #[test]
    fn guessing_from_everywhere_waits_and_the_person_never_more_than_four_seconds() {
        let seconds = [0, 19, 20, 59, 80, 1_000_000].map(|failures| pause(failures).as_secs());
        assert_eq!(seconds, [0, 0, 1, 2, 4, 4]);
    }

    #[test]
    fn one_customer_is_one_network() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    }
}
