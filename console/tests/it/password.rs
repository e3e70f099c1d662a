//! The database's password is replaced beside a running console, as a vault's agent does it.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::net::TcpListener;
use zaraba_console::server;

use crate::backend::secret_file;
use crate::world::{World, server_url, until};

async fn run(connection: &mut PgConnection, statement: String) {
    sqlx::query(AssertSqlSafe(statement)).execute(connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_is_taken_without_a_restart() {
    World::with("a_new_password_is_taken", async |world| {
        let role = format!("console_test_rotating_{}", std::process::id());
        let database: String =
            sqlx::query_scalar("SELECT current_database()").fetch_one(&world.pool).await.unwrap();
        let url = server_url();
        let (_, address) = url.rsplit_once('/').unwrap().0.split_once('@').unwrap();
        let mut root = PgConnection::connect(&url).await.unwrap();
        run(&mut root, format!("CREATE ROLE {role} LOGIN PASSWORD 'first' IN ROLE zaraba_console"))
            .await;

        let files = tempfile::tempdir().unwrap();
        let password = files.path().join("password");
        secret_file(&password, "first\n");
        let mut config = world.config.clone();
        config.database.url = format!("postgres://{role}@{address}/{database}");
        config.database.password_file = password.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap().into_std().unwrap();
        let readyz = format!("http://{}/readyz", listener.local_addr().unwrap());
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let console = tokio::spawn(server::serve_on(listener, config, async {
            let _ = stopped.await;
        }));
        let answers = async |wanted: u16| {
            let answer = world.http.get(&readyz).send().await.ok()?;
            (answer.status() == wanted).then_some(())
        };
        until("it is ready", async || answers(200).await).await;

        // The login changes, and whoever is connected is sent away: the old password is no use.
        run(&mut root, format!("ALTER ROLE {role} PASSWORD 'second'")).await;
        let cut = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'"
        );
        run(&mut root, cut).await;
        until("it is refused", async || answers(503).await).await;
        // The agent has written the new one.
        secret_file(&password, "second\n");
        until("it is ready again", async || answers(200).await).await;

        stop.send(()).unwrap();
        console.await.unwrap().unwrap();
        until("its connections have ended", async || {
            let left: i64 =
                sqlx::query_scalar("SELECT count(*) FROM pg_stat_activity WHERE usename = $1")
                    .bind(&role)
                    .fetch_one(&world.pool)
                    .await
                    .unwrap();
            (left == 0).then_some(())
        })
        .await;
        run(&mut root, format!("DROP ROLE {role}")).await;
    })
    .await;
}
