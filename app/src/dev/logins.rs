//! Logins of a development instance: the backend and the console each sign in to Postgres as a
//! member of their own group role and nothing else, as they should in production.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

/// Group role of the backend (`migrate` makes it).
pub const BACKEND: &str = "zaraba_backend";
/// Group role of the console.
pub const CONSOLE: &str = "zaraba_console";

/// Makes the login `name`, or gives an existing one a new password, as a member of `group` and
/// of nothing else.
///
/// # Errors
/// When the database does not answer, or `database`'s user may not make roles.
pub async fn make(
    database: &PgConnectOptions,
    name: &str,
    password: &str,
    group: &str,
) -> sqlx::Result<()> {
    // The statement holds the password.
    let mut connection = database.clone().disable_statement_logging().connect().await?;
    let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
        .bind(name)
        .fetch_one(&mut connection)
        .await?;
    let verb = if there { "ALTER" } else { "CREATE" };
    let make = format!("{verb} ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L");
    run(&mut connection, &make, &[name, password]).await?;
    run(&mut connection, "GRANT %I TO %I", &[group, name]).await?;
    connection.close().await
}

/// Runs a statement whose `%I` and `%L` Postgres itself fills in and quotes.
async fn run(connection: &mut PgConnection, form: &str, values: &[&str]) -> sqlx::Result<()> {
    let statement: String = sqlx::query_scalar("SELECT format($1, VARIADIC $2::text[])")
        .bind(form)
        .bind(values)
        .fetch_one(&mut *connection)
        .await?;
    sqlx::query(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}

/// The same URL for another login.
pub fn url_for(url: &str, name: &str, password: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{name}:{password}@{place}")
}

#[cfg(test)]
mod tests {
    use super::url_for;

    #[test]
    fn urls_get_another_login() {
        assert_eq!(
            url_for("postgres://a:b@127.0.0.1:5432/z", "c", "d"),
            "postgres://c:d@127.0.0.1:5432/z"
        );
        assert_eq!(url_for("postgres://a@h/z?x=1", "c", "d"), "postgres://c:d@h/z?x=1");
        assert_eq!(url_for("postgres://h/z", "c", "d"), "postgres://c:d@h/z");
    }
}
