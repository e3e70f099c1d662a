//! Every kind of action from its form to its call.

use zaraba_console::authz::Role;

use super::{CHECKER, filled};
use crate::world::{LOGIN, World, add_person};

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_has_a_form_a_preview_and_a_call() {
    World::with("every_kind_has_a_form_a_preview_and_a_call", async |world| {
        world.sql("UPDATE console.staff SET roles = '{operations,risk}', language = 'ja'").await;
        let maker = world.signed_in(LOGIN).await;
        add_person(&world.pool, CHECKER, "Ren", &[Role::Operations, Role::Risk], "en").await;
        let checker = world.signed_in(CHECKER).await;
        let mut kinds = Vec::new();
        for (fields, call) in KINDS {
            let kind = fields.split('&').next().unwrap();
            kinds.push(kind);
            let (status, page) = world.get(&maker, &format!("/requests/new?kind={fields}")).await;
            assert_eq!(status, 200, "{fields}: {page}");
            assert!(page.contains("id=\"send\""), "{fields} cannot be asked for: {page}");
            let info = zaraba_console::requests::kind(kind).unwrap();
            let to = if info.at_once() { "/requests/now" } else { "/requests" };
            let word = if page.contains("BUST") { "&word=BUST" } else { "" };
            let body = format!("{}{word}", filled(&page, &format!("kind={fields}")));
            let answer = world.post(&maker, to, &body).await;
            assert_eq!(answer.status(), 303, "{fields}: {}", answer.text().await.unwrap());
            let address = answer.headers()["location"].to_str().unwrap().to_owned();
            if !info.at_once() {
                let body = world.verdict(&checker, &address, "&reason=ok").await;
                let (status, page) = world.decides(&checker, &address, "approve", &body).await;
                assert_eq!(status, 303, "{fields}: {page}");
            }
            world.until("applied").await;
            let last = world.backend().admin.done().pop().unwrap();
            assert_eq!(last.path, *call, "{fields}");
            assert_eq!(last.approver.is_some(), !info.at_once(), "{fields}");
        }
        for info in zaraba_console::requests::KINDS {
            let elsewhere = matches!(info.matter.as_str(), "staff" | "flags");
            assert!(elsewhere || kinds.contains(&info.name), "{} is not tried", info.name);
        }
    })
    .await;
}

/// Every kind with fields it takes, and the call it makes.
const KINDS: &[(&str, &str)] = &[
    ("deposit&account=DEMO-0001&asset=JPY&amount=5000", "accounts/DEMO-0001/transfers"),
    ("withdraw&account=DEMO-0001&asset=JPY&amount=5000", "accounts/DEMO-0001/transfers"),
    ("adjust&account=DEMO-0001&asset=JPY&amount=-5000", "accounts/DEMO-0001/transfers"),
    ("suspend&account=DEMO-0001", "accounts/DEMO-0001/status"),
    ("reactivate&account=DEMO-0002", "accounts/DEMO-0002/status"),
    ("close_account&account=DEMO-0001", "accounts/DEMO-0001/status"),
    ("group&account=DEMO-0001&group=7", "accounts/DEMO-0001/group"),
    ("revoke_key&account=DEMO-0001&key=ak_demo_1", "accounts/DEMO-0001/keys/ak_demo_1/revoke"),
    ("halt&symbol=7203", "instruments/7203/status"),
    ("resume&symbol=6758", "instruments/6758/status"),
    (
        "price_limits&symbol=7203&base_price=2500&limit_down=2000&limit_up=3000",
        "instruments/7203/limits",
    ),
    ("ticks&symbol=7203&tick_table=tse_other", "instruments/7203/ticks"),
    ("halts&symbol=7203&halts=market_buy&halts=market_sell", "instruments/7203/halts"),
    ("call&symbol=BTC_JPY&call=full_range&seconds=60", "instruments/BTC_JPY/call"),
    (
        "breaker&symbol=BTC_JPY&mode=full_range&window_seconds=300&trigger_ppm=80000&call_seconds=600&bound_ppm=0",
        "instruments/BTC_JPY/breaker",
    ),
    ("listed_shares&symbol=7203&shares=1000000", "instruments/7203/listed-shares"),
    (
        "odd_lot_terms&symbol=7203&batch=no&principal=yes&spread_ppm=5000&max_quantity=99&round_to=1",
        "instruments/7203/odd-lot-terms",
    ),
    ("risk_limits&of=account&scope=DEMO-0001&currency=JPY&day_value_hard=1000000", "risk-limits"),
    ("correct_trade&trade=7&price=2530", "trades/7/correct"),
    ("bust_trade&trade=7", "trades/7/bust"),
    ("cancel_order&order=1996488823", "orders/1996488823/cancel"),
    ("cancel_many&symbol=7203&side=buy&price=2500", "orders/cancel"),
    ("kill_on&of=instrument&scope=7203", "kill-switches"),
    ("kill_off&of=account&scope=DEMO-0002", "kill-switches"),
];

/// What the backend would refuse is refused before anybody is asked to approve it; what it does
/// refuse is tried with the real one in `office`.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_backend_would_refuse_is_not_offered_for_approval() {
    World::with("what_the_backend_would_refuse_is_not_offered", async |world| {
        world.sql("UPDATE console.staff SET roles = '{operations,risk}'").await;
        let maker = world.signed_in(LOGIN).await;
        let tried = ["limits", "ticks", "breaker", "listed-shares", "odd-lot-terms"];
        for what in tried {
            let ends = |(_, call): &&(&str, &str)| call.ends_with(&format!("/{what}"));
            let (fields, call) = KINDS.iter().find(ends).unwrap();
            let address = format!("/requests/new?kind={fields}");
            assert!(world.get(&maker, &address).await.1.contains("id=\"send\""), "{fields}");
            let (preview, code) = (format!("{call}/preview"), serde_json::json!("off_tick"));
            world.backend().admin.set("POST", &preview, "/refusal", code);
            let (_, page) = world.get(&maker, &address).await;
            assert!(page.contains("Not a multiple of the tick"), "{fields}: {page}");
            assert!(!page.contains("id=\"send\""), "{fields} can be asked for: {page}");
        }
        // A body that it cannot read is refused with its code.
        let away = serde_json::json!({"error": {"code": "unknown_asset", "message": "no such"}});
        world.backend().admin.answer("POST", "risk-limits/preview", 422, away);
        let limits = "risk_limits&of=group&scope=7&currency=XYZ&day_value_hard=5";
        let (_, page) = world.get(&maker, &format!("/requests/new?kind={limits}")).await;
        assert!(page.contains("No such asset") && !page.contains("id=\"send\""), "{page}");
        let address = "/requests/new?kind=kill_on&of=account&scope=NOBODY";
        let (_, page) = world.get(&maker, address).await;
        assert!(!page.contains("id=\"send\""), "{page}");
    })
    .await;
}
