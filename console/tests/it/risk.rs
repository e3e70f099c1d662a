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

/// Where a page's links of one kind (`next`, `first`) lead.
fn link(page: &str, kind: &str) -> Option<String> {
    let before =
        page.split(&format!("\" rel=\"{kind}\"")).next().filter(|b| b.len() < page.len())?;
    let href = before.rsplit("href=\"").next()?.split('#').next()?;
    Some(href.replace("&#38;", "&").replace("&amp;", "&"))
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_come_page_by_page_each_once_and_none_from_beyond_the_barrier() {
    let name = "limits_come_page_by_page_each_once_and_none_from_beyond_the_barrier";
    World::with_settings(name, "[lists]\npage_rows = 1", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let walk = async |from: &str| {
            let (mut path, mut shown) = (Some(from.to_owned()), Vec::new());
            while let Some(at) = path.take() {
                let (status, page) = world.get(&cookie, &at).await;
                assert_eq!(status, 200, "{at}");
                let table = page.split("id=\"limits\"").nth(1).unwrap();
                let rows: Vec<&str> =
                    table.split("</table>").next().unwrap().split("<tr").collect();
                assert_eq!(rows.len(), 3, "{at}: a head and a limit");
                shown.push(rows[2].to_owned());
                assert_eq!(link(&page, "first").is_some(), at != from, "{at}");
                path = link(&page, "next");
            }
            shown
        };
        let all = walk("/risk").await;
        assert_eq!(all.len(), 4);
        assert!((1..4).all(|n| !all[..n].contains(&all[n])), "{all:#?}");
        assert_eq!(walk("/risk?whose=group").await.len(), 1);
        for bad in ["x", "account:1"] {
            assert_eq!(world.get(&cookie, &format!("/risk?after={bad}")).await.0, 400, "{bad}");
        }
        hide_group(&world, 7).await;
        let seen = walk("/risk").await;
        assert_eq!(seen.len(), 2);
        assert!(seen.iter().all(|row| all.contains(row) && !row.contains("DEMO-0002")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_shows_what_stops_it_and_how_much_is_used() {
    let name = "an_account_shows_what_stops_it_and_how_much_is_used";
    World::with(name, async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let (_, page) = world.get(&cookie, "/accounts/DEMO-0002").await;
        for text in [
            "runaway algo",
            "Suspended: no new orders",
            "92.5% of hard",
            "kind=reactivate",
            // 45 of 100 open orders, warned of from 90; 1,000 of a soft limit alone.
            "<rect width=\"450\" height=\"1\"/><line x1=\"900\" x2=\"900\"",
            "45.0% of hard, 50.0% of soft",
            "0.0% of soft",
        ] {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        // Past its soft limit, half of the hard one.
        let admin = &world.backend().admin;
        admin.set("GET", "risk-usage", "/limits/open_orders/soft", json!("45"));
        let (_, page) = world.get(&cookie, "/risk").await;
        assert!(page.contains("45.0% of hard, 100.0% of soft"), "{page}");
        let (_, page) = world.get(&cookie, "/accounts/DEMO-0002").await;
        assert!(page.contains("class=\"bad\">45.0% of hard, 100.0% of soft"), "{page}");
        let (_, page) = world.get(&cookie, "/accounts/DEMO-0001").await;
        assert!(!page.contains("runaway algo"), "{page}");
    })
    .await;
}
