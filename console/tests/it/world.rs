//! What a test runs in: a database of its own with a small market day, a double of the
//! backend, and the console itself on a free port.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use tokio::sync::{OnceCell, oneshot};
use zaraba::dev::logins;
use zaraba::dev::postgres::{PrivatePostgres, installed};
use zaraba_console::authz::Role;
use zaraba_console::config::Config;
use zaraba_console::store::staff::{self, NewStaff};
use zaraba_console::{password, server};

use crate::backend::{Double, TOKEN, secret_file, token_line};

pub const LOGIN: &str = "aki";
pub const PASSWORD: &str = "seven small boats at dawn";

/// The server the tests' databases are on.
struct Server {
    url: String,
    /// Login and password of the consoles: a member of `zaraba_console` and nothing else, so
    /// that every test also proves that the role's rights are enough.
    login: (String, String),
    _private: Option<PrivatePostgres>,
}

static SERVER: OnceCell<Server> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(1);

/// Prefix of the tests' databases.
fn prefix() -> String {
    format!("console_test_{}_", std::process::id())
}

/// URL of the server the tests' databases are on; after the first world has started.
pub fn server_url() -> String {
    SERVER.get().map(|server| server.url.clone()).unwrap_or_default()
}

async fn server() -> &'static Server {
    SERVER
        .get_or_init(|| async {
            let server = match std::env::var("DATABASE_URL") {
                Ok(url) => Server { url, login: login(), _private: None },
                Err(_) => {
                    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("console-postgres");
                    let postgres = PrivatePostgres::start(&dir, 0).await.unwrap();
                    Server { url: postgres.url(), login: login(), _private: Some(postgres) }
                }
            };
            let mut connection = PgConnection::connect(&server.url).await.unwrap();
            if server._private.is_some() {
                // Nobody else is here: clear what crashed runs left.
                let old: Vec<String> = sqlx::query_scalar(
                    "SELECT datname FROM pg_database WHERE datname LIKE 'console_test_%'",
                )
                .fetch_all(&mut connection)
                .await
                .unwrap();
                for name in old {
                    run(&mut connection, format!("DROP DATABASE \"{name}\" WITH (FORCE)")).await;
                }
                let old: Vec<String> = sqlx::query_scalar(
                    "SELECT rolname FROM pg_roles WHERE rolname LIKE 'console_test_%'",
                )
                .fetch_all(&mut connection)
                .await
                .unwrap();
                for name in old {
                    run(&mut connection, format!("DROP ROLE \"{name}\"")).await;
                }
            }
            let template = format!("{}template", prefix());
            run(&mut connection, format!("CREATE DATABASE \"{template}\"")).await;
            let url = with_database(&server.url, &template);
            zaraba::projections::migrate::run(&url.parse().unwrap()).await.unwrap();
            let (name, password) = &server.login;
            logins::make(&url.parse().unwrap(), name, password, logins::CONSOLE).await.unwrap();
            let mut filled = PgConnection::connect(&url).await.unwrap();
            sqlx::raw_sql(include_str!("day.sql")).execute(&mut filled).await.unwrap();
            filled.close().await.unwrap();
            server
        })
        .await
}

/// The consoles' login, of this process.
fn login() -> (String, String) {
    (format!("{}login", prefix()), hex::encode(&zaraba_console::session::random()[..12]))
}

async fn run(connection: &mut PgConnection, sql: String) {
    sqlx::query(AssertSqlSafe(sql)).execute(connection).await.unwrap();
}

fn with_database(url: &str, name: &str) -> String {
    let (head, _) = url.rsplit_once('/').unwrap();
    format!("{head}/{name}")
}

/// Why database tests cannot run here, if so.
pub fn missing() -> Option<&'static str> {
    (std::env::var("DATABASE_URL").is_err() && !installed())
        .then_some("no DATABASE_URL and no PostgreSQL server programs")
}

/// Says that a test did not run, by name, where `make test` counts it.
pub fn skipped(test: &str, why: &str) {
    // Not eprintln, which libtest captures.
    let _ = std::io::Write::write_fmt(
        &mut std::io::stderr(),
        format_args!("SKIPPED console::{test}: {why}\n"),
    );
}

/// Waits until `look` finds something: as long as a busy machine may take, and no longer than it
/// takes.
pub async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let begun = std::time::Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed().as_secs() < 90, "never came: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
}

/// A running console and what it stands on.
pub struct World {
    pub pool: PgPool,
    pub backend: Option<Double>,
    pub url: String,
    pub http: reqwest::Client,
    /// Settings the console runs with.
    pub config: Config,
    _files: tempfile::TempDir,
}

impl World {
    /// Runs a test in a world of its own, and clears up after it when it passed.
    pub async fn with<F: Future<Output = ()>>(name: &str, test: impl FnOnce(World) -> F) {
        Self::with_settings(name, "", test).await;
    }

    pub async fn with_settings<F: Future<Output = ()>>(
        name: &str,
        settings: &str,
        test: impl FnOnce(World) -> F,
    ) {
        if let Some(why) = missing() {
            return skipped(name, why);
        }
        let server = server().await;
        let database = format!("{}{}", prefix(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut admin = PgConnection::connect(&server.url).await.unwrap();
        run(
            &mut admin,
            format!("CREATE DATABASE \"{database}\" TEMPLATE \"{}template\"", prefix()),
        )
        .await;
        let url = with_database(&server.url, &database);
        let (world, stop, done) = World::start(&url, settings).await;
        let pool = world.pool.clone();
        test(world).await;
        stop.send(()).unwrap();
        done.await.unwrap();
        pool.close().await;
        run(&mut admin, format!("DROP DATABASE \"{database}\" WITH (FORCE)")).await;
    }

    async fn start(
        database: &str,
        settings: &str,
    ) -> (World, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
        let backend = Double::start();
        let files = tempfile::tempdir().unwrap();
        let token_file = files.path().join("admin.token");
        secret_file(&token_file, &token_line("tests", TOKEN, 86_400 * 30));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let bound: SocketAddr = listener.local_addr().unwrap();
        // Passkeys belong to names.
        let host = if settings.starts_with("# by name") { "localhost" } else { "127.0.0.1" };
        let address = format!("{host}:{}", bound.port());
        let (name, password) = &server().await.login;
        let login = logins::url_for(database, name, password);
        let config = Config::parse(&format!(
            "public_url = \"http://{address}\"\nlanguage = \"en\"\nkey_file = \"{key}\"\n\
             {settings}\n{policy}{often}\
             [database]\nurl = \"{login}\"\nconnections = 4\n\
             [backend]\nadmin_url = \"http://{0}\"\npublic_url = \"http://{0}\"\n\
             admin_token_file = \"{1}\"\n{live}",
            backend.address,
            token_file.display(),
            key = files.path().join("console.key").display(),
            policy = if settings.contains("[sign_in]") {
                ""
            } else {
                "[sign_in]\nsecond_factor = \"optional\"\n"
            },
            live = if settings.contains("[live]") { "" } else { "[live]\ninterval_ms = 50\n" },
            // Tests are faster than people.
            often = if settings.contains("[often]") {
                ""
            } else {
                "[often]\npages = 1000000\nsearches = 1000000\nexports = 1000000\n\
                 requests = 1000000\n"
            },
        ))
        .unwrap();
        // The test itself may do anything.
        let own =
            zaraba_console::config::Database { url: database.into(), ..config.database.clone() };
        let pool = zaraba_console::db::pool(&own).unwrap();
        add_person(&pool, LOGIN, "Aki Tanaka", &[Role::Operations], "en").await;
        let settings_in_force = config.clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let done = tokio::spawn(async move {
            server::serve_on(listener, config, async {
                let _ = stopped.await;
            })
            .await
            .unwrap();
        });
        let world = World {
            pool,
            backend: Some(backend),
            url: format!("http://{address}"),
            http: client(),
            config: settings_in_force,
            _files: files,
        };
        (world, stop, done)
    }

    /// A console that somebody else started, over a backend that is no double.
    pub fn over(pool: PgPool, url: String, config: Config) -> World {
        let _files = tempfile::tempdir().unwrap();
        World { pool, backend: None, url, http: client(), config, _files }
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// What a statement that counts answers.
    pub async fn counted(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    /// Waits until a statement that counts answers with so many.
    pub async fn until_counted(&self, sql: &'static str, wanted: i64) {
        until(sql, async || (self.counted(sql).await == wanted).then_some(())).await;
    }

    pub fn backend(&self) -> &Double {
        self.backend.as_ref().unwrap()
    }

    /// Signs in; the cookie as the browser would send it.
    pub async fn sign_in(&self, login: &str, password: &str) -> Option<String> {
        let answer = self.try_sign_in(login, password).await;
        let cookie = answer.headers().get("set-cookie")?.to_str().unwrap();
        Some(cookie.split(';').next().unwrap().to_owned())
    }

    pub async fn try_sign_in(&self, login: &str, password: &str) -> reqwest::Response {
        let body = format!("login={login}&password={}&next=/orders", password.replace(' ', "+"));
        self.http
            .post(self.at("/sign-in"))
            .header("origin", &self.url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap()
    }

    /// A page as the signed-in person sees it.
    pub async fn get(&self, cookie: &str, path: &str) -> (u16, String) {
        let answer = self.http.get(self.at(path)).header("cookie", cookie).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// A form as the signed-in person sends it.
    pub async fn post(&self, cookie: &str, path: &str, body: &str) -> reqwest::Response {
        self.http
            .post(self.at(path))
            .header("cookie", cookie)
            .header("origin", &self.url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.to_owned())
            .send()
            .await
            .unwrap()
    }
}

/// A client that shows redirects instead of following them.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

pub async fn add_person(pool: &PgPool, login: &str, name: &str, roles: &[Role], language: &str) {
    let hash = password::hash(PASSWORD).unwrap();
    let person =
        NewStaff { login, name, password_hash: &hash, roles, language, zone: "Asia/Tokyo" };
    assert!(staff::add(pool, &person, false).await.unwrap());
}

/// The form token on a page.
pub fn csrf_of(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"csrf\" value=\"").expect("a form on the page");
    rest.split('"').next().unwrap().to_owned()
}
