//! Risk: limits, kill switches, what is near its limits, and what lies beyond a barrier.

use serde_json::json;

use crate::fills::hide_group;
use crate::world::{LOGIN, PASSWORD, World};

#[tokio::test(flavor = "multi_thread")]
async fn limits_switches_and_what_is_near() {
    World::with("limits_switches_and_what_is_near", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let (status, page) = world.get(&cookie, "/risk").await;
        assert_eq!(status, 200);
        for text in [
            "runaway algo",
            "risk.mori",
            "ON: new orders are refused",
            "1,000,000.0000",
            "800,000.0000",
            "/accounts/DEMO-0001",
            "/instruments/7203",
            "/accounts?group=7",
            "92.5%",
        ] {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        assert!(!page.contains("45.0%"), "far from its limit: {page}");
        let rows = |page: &str| {
            let table = page.split("id=\"limits\"").nth(1)?.split("</table>").next()?;
            Some(table.matches("<tr").count())
        };
        assert_eq!(rows(&page), Some(5), "a head and four limits");
        let (_, page) = world.get(&cookie, "/risk?whose=group").await;
        assert_eq!(rows(&page), Some(2));
        assert_eq!(world.get(&cookie, "/risk?whose=nobody").await.0, 400);
        // Beyond the barrier neither the account nor the group is there.
        hide_group(&world, 7).await;
        let (_, page) = world.get(&cookie, "/risk").await;
        assert_eq!(rows(&page), Some(3), "{page}");
        assert!(!page.contains("DEMO-0002") && !page.contains("runaway algo"), "{page}");
        world.backend().admin.answer("GET", "risk-usage", 500, json!({}));
        let (_, page) = world.get(&cookie, "/risk").await;
        assert!(page.contains("the backend did not tell the usage"), "{page}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_shows_what_stops_it_and_how_much_is_used() {
    let name = "an_account_shows_what_stops_it_and_how_much_is_used";
    World::with(name, async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let (_, page) = world.get(&cookie, "/accounts/DEMO-0002").await;
        for text in ["runaway algo", "Suspended: no new orders", "92.5%", "kind=reactivate"] {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        let (_, page) = world.get(&cookie, "/accounts/DEMO-0001").await;
        assert!(!page.contains("runaway algo"), "{page}");
    })
    .await;
}
