//! What things are called, each once and in either language.

use zaraba_console::authz::Role;

use crate::world::{PASSWORD, World, add_person};

#[tokio::test(flavor = "multi_thread")]
async fn candles_are_called_as_the_reader_calls_them() {
    World::with("candles_are_called_as_the_reader_calls_them", async |world| {
        for (lang, names) in
            [("en", ["1m", "5m", "1h", "1d"]), ("ja", ["1分足", "5分足", "1時間足", "日足"])]
        {
            add_person(&world.pool, lang, "Reader", &[Role::Operations], lang).await;
            let cookie = world.sign_in(lang, PASSWORD).await.unwrap();
            for (code, name) in ["1m", "5m", "1h", "1d"].into_iter().zip(names) {
                let path = format!("/books/7203?interval={code}");
                let (_, page) = world.get(&cookie, &path).await;
                let link = format!("?interval={code}\" aria-current=\"true\">{name}</a>");
                assert!(page.contains(&link), "{link} is missing in {page}");
                let words = page.split("id=\"candle-words\">").nth(1).unwrap();
                let words = words.split('<').next().unwrap();
                let told = match lang {
                    "en" => format!("candles of {name}:"),
                    _ => format!("{name}120本。"),
                };
                assert!(words.contains(&told), "{told}: {words}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_says_what_the_state_does_not() {
    World::with("a_reason_says_what_the_state_does_not", async |world| {
        for (login, lang) in [("reads-en", "en"), ("reads-ja", "ja")] {
            add_person(&world.pool, login, "Reader", &[Role::Operations], lang).await;
            let cookie = world.sign_in(login, PASSWORD).await.unwrap();
            let refused = match lang {
                "en" => "Not enough available",
                _ => "余力不足",
            };
            // What is filled or cancelled says so once; what was refused says why, and the code.
            for (number, state, words, code) in [
                (7u64, "filled", "–", ""),
                (4, "cancelled", "–", ""),
                (11, "rejected", refused, " <code>insufficient_funds</code>"),
            ] {
                let path = format!("/orders/{}", number << 24 | number);
                let (_, page) = world.get(&cookie, &path).await;
                assert!(page.contains(&format!("<span class=\"state {state}\">")), "{path}");
                let want = format!("<dd id=\"reason\">{words}{code}</dd>");
                assert!(page.contains(&want), "{want} is missing in {page}");
                let (_, page) = world.get(&cookie, &format!("/orders?state={state}")).await;
                let said = words.trim_start_matches('–');
                let cells = page.matches("<td class=\"reason\">").count();
                let want = format!("<td class=\"reason\">{said}</td>");
                assert!(cells > 0 && page.matches(&want).count() == cells, "{want}: {page}");
            }
        }
    })
    .await;
}
