//! The pictures of the documentation. Not a check: run it when the look has changed, with
//! `cargo test -p zaraba-console --test it pictures -- --ignored`.

use std::path::PathBuf;
use std::time::Duration;

use crate::browser::Browser;
use crate::world::World;

async fn take(browser: &Browser, name: &str) {
    tokio::time::sleep(Duration::from_millis(900)).await;
    let png = browser.client.screenshot().await.unwrap();
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/images");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join(format!("{name}.png")), png).unwrap();
}

async fn set(world: &World, language: &str, theme: &str) {
    sqlx::query("UPDATE console.staff SET language = $1, theme = $2")
        .bind(language)
        .bind(theme)
        .execute(&world.pool)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes docs/images"]
async fn pictures() {
    World::with("pictures", async |world| {
        let browser = Browser::open(1440, 900).await;
        browser.client.goto(&world.at("/sign-in?lang=ja")).await.unwrap();
        take(&browser, "console-sign-in").await;
        browser.sign_in(&world).await;
        let (overview, book) = (("/", "overview"), ("/books/7203?interval=5m", "book"));
        let english = [
            overview,
            book,
            ("/books", "books"),
            ("/orders?symbol=7203&side=sell&state=working", "orders"),
            ("/orders/1996488823", "order"),
        ];
        let looks = [("en", "light", &english[..]), ("ja", "dark", &[overview, book])];
        for (language, theme, pages) in looks {
            set(&world, language, theme).await;
            for (path, name) in pages {
                browser.client.goto(&world.at(path)).await.unwrap();
                take(&browser, &format!("console-{name}-{language}-{theme}")).await;
            }
        }
        browser.close().await;
    })
    .await;
}
