//! Once and only once: forms sent again, two at a time, the backend away, consoles that die.

use zaraba_console::authz::Role;

use super::{ADJUST, FIELDS, filled};
use crate::world::{World, add_person, csrf_of};

#[tokio::test(flavor = "multi_thread")]
async fn of_two_checkers_at_once_one_decides() {
    World::with("of_two_checkers_at_once_one_decides", async |world| {
        let (maker, checker) = world.two().await;
        add_person(&world.pool, "third", "Third Person", &[Role::Operations], "en").await;
        let third = world.signed_in("third").await;
        for round in 1..=6 {
            let address = world.adjust(&maker).await;
            let one = world.verdict(&checker, &address, "&reason=one").await;
            let two = world.verdict(&third, &address, "&reason=two").await;
            let what = if round % 2 == 0 { "decline" } else { "approve" };
            let (a, b) = tokio::join!(
                world.decides(&checker, &address, "approve", &one),
                world.decides(&third, &address, what, &two)
            );
            let mut both = [a.0, b.0];
            both.sort_unstable();
            assert_eq!(both, [303, 409], "round {round}");
            let late = if a.0 == 409 { a.1 } else { b.1 };
            assert!(late.contains("does not wait any more"), "{late}");
            let applying = "SELECT count(*) FROM console.requests WHERE state = 'applying'";
            world.until_counted(applying, 0).await;
        }
        let applied = world.count("state = 'applied'").await;
        assert_eq!(applied + world.count("state = 'declined'").await, 6);
        assert_eq!(world.backend().admin.done().len() as i64, applied);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_too_long_expires_and_is_not_approved_meanwhile() {
    World::with("what_waits_too_long_expires", async |world| {
        let (maker, checker) = world.two().await;
        let address = world.adjust(&maker).await;
        let body = world.verdict(&checker, &address, "&reason=ok").await;
        // Its time passes in the moment of the decision, before any worker has looked.
        world.sql("UPDATE console.requests SET expires_at = now()").await;
        let (status, _) = world.decides(&checker, &address, "approve", &body).await;
        assert_eq!(status, 409);
        world.until("expired").await;
        assert_eq!(world.backend().admin.arrived(), []);
        let page = world.get(&maker, &address).await.1;
        assert!(page.contains("Expired") && page.contains("Nothing was changed"), "{page}");
        // Its place is free.
        world.adjust(&maker).await;
        assert_eq!(world.count("state = 'waiting'").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_is_away_gets_it_once_when_it_is_back() {
    World::with("a_backend_that_is_away_gets_it_once", async |mut world| {
        let (maker, checker) = world.two().await;
        let address = world.adjust(&maker).await;
        let body = world.verdict(&checker, &address, "&reason=ok").await;
        // Away before the decision: nothing is decided, and the page says so.
        let double = world.backend.take().unwrap();
        let admin = double.admin.clone();
        let port = double.go_away().await;
        let (status, page) = world.decides(&checker, &address, "approve", &body).await;
        assert_eq!(status, 502);
        assert!(page.contains("Nothing was done or decided"), "{page}");
        assert_eq!(world.request::<String>("state").await, "waiting");
        let start = crate::backend::Double::start_with;
        world.backend = Some(start(port, admin.clone()));
        // Not ready at first, then done but the answer lost: taken up again, done once.
        admin.not_ready(2);
        admin.lose(1);
        assert_eq!(world.decides(&checker, &address, "approve", &body).await.0, 303);
        world.until("applied").await;
        assert_eq!(admin.done().len(), 1);
        assert!(admin.arrived().len() >= 4, "{:?}", admin.arrived());
        assert_eq!(world.request::<serde_json::Value>("outcome").await["sequence"], 101);
        // Approved while it is away: says since when it is being applied, and why.
        let address = world.adjust(&maker).await;
        let body = world.verdict(&checker, &address, "&reason=ok").await;
        admin.not_ready(1_000_000);
        assert_eq!(world.decides(&checker, &address, "approve", &body).await.0, 303);
        let tried = "SELECT count(*) FROM console.requests WHERE state = 'applying'
            AND problem IS NOT NULL";
        world.until_counted(tried, 1).await;
        let page = world.get(&maker, &address).await.1;
        assert!(page.contains("Being applied since"), "{page}");
        assert!(page.contains("requests_not_ready"), "{page}");
        admin.not_ready(0);
        world.until("applied").await;
        assert_eq!(admin.done().len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_of_another_console_goes_on_where_one_died() {
    World::with("the_worker_of_another_console_goes_on", async |world| {
        let (maker, checker) = world.two().await;
        let address = world.adjust(&maker).await;
        let body = world.verdict(&checker, &address, "&reason=ok").await;
        // A worker took it up and died after the backend had done it: here is its row.
        world.backend().admin.lose(1);
        assert_eq!(world.decides(&checker, &address, "approve", &body).await.0, 303);
        let other = world.another_console().await;
        world.until("applied").await;
        assert_eq!(world.backend().admin.done().len(), 1);
        // Many at once, taken up by both consoles' workers: each is done once.
        world.sql(
            "INSERT INTO console.requests (id, kind, matter, target, at_once, fields, preview,
                 reason, maker_id, maker, expires_at, state, checker_id, checker, decided_at,
                 next_attempt_at)
             SELECT gen_random_uuid(), 'adjust', 'funds', 'many/' || n, false,
                 '{\"kind\": \"adjust\", \"account\": \"DEMO-0001\", \"asset\": \"JPY\", \"amount\": \"1\"}',
                 '{}', 'many', m.staff_id, m.login, now() + interval '1 day', 'applying',
                 c.staff_id, c.login, now(), now()
             FROM generate_series(1, 60) AS n, console.staff m, console.staff c
             WHERE m.login = 'aki' AND c.login = 'ren'",
        )
        .await;
        let applied = "SELECT count(*) FROM console.requests WHERE state = 'applied'";
        world.until_counted(applied, 61).await;
        assert_eq!(world.count("attempts = 1").await, 60, "no row was taken up twice");
        assert_eq!(world.backend().admin.done().len(), 61);
        other.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_again_is_one_request_and_a_duplicate_is_refused() {
    World::with("a_form_sent_again_is_one_request", async |world| {
        let (maker, checker) = world.two().await;
        let page = world.get(&maker, ADJUST).await.1;
        let body = filled(&page, FIELDS);
        let both = tokio::join!(
            world.post(&maker, "/requests", &body),
            world.post(&maker, "/requests", &body)
        );
        assert_eq!((both.0.status().as_u16(), both.1.status().as_u16()), (303, 303));
        let again = world.post(&maker, "/requests", &body).await;
        let to = again.headers()["location"].to_str().unwrap().to_owned();
        assert!(to.ends_with("?again=1"), "{to}");
        assert!(world.get(&maker, &to).await.1.contains("had been sent before"));
        assert_eq!(world.count("true").await, 1);
        let changed = body.replace("amount=5000", "amount=6000");
        let (status, page) = world.decides(&maker, "", "requests", &changed).await;
        assert_eq!(status, 409);
        assert!(page.contains("sent before with other values"), "{page}");
        // Someone else asks for the same.
        let page = world.get(&checker, ADJUST).await.1;
        let answer = world.post(&checker, "/requests", &filled(&page, FIELDS)).await;
        assert_eq!(answer.status(), 409);
        let page = answer.text().await.unwrap();
        assert!(page.contains("<a href=\"/requests/1\">"), "links the other one: {page}");
        assert_eq!(world.count("true").await, 1);
        // Withdrawn, its place is free again.
        let address = "/requests/1";
        let csrf = csrf_of(&world.get(&maker, address).await.1);
        let (status, _) =
            world.decides(&maker, address, "withdraw", &format!("csrf={csrf}&reason=")).await;
        assert_eq!(status, 303);
        world.adjust(&checker).await;
        assert_eq!(world.count("state = 'waiting'").await, 1);
    })
    .await;
}

/// A second console over the same database and backend.
pub struct Other {
    stop: tokio::sync::oneshot::Sender<()>,
    done: tokio::task::JoinHandle<()>,
}

impl Other {
    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.done.await.unwrap();
    }
}

impl World {
    async fn another_console(&self) -> Other {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let config = self.config.clone();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let done = tokio::spawn(async move {
            let until = async {
                let _ = stopped.await;
            };
            zaraba_console::server::serve_on(listener, config, until).await.unwrap();
        });
        Other { stop, done }
    }
}
