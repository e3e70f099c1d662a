use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn put(path: &Path, text: &str) {
    secret::write(path, text.as_bytes()).unwrap();
}

fn names(tokens: &AdminTokens) -> Vec<String> {
    tokens.0.set.borrow().iter().map(|known| known.name.to_string()).collect()
}

#[test]
fn a_missing_file_is_made_with_one_token_that_ends() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("admin.token");
    let tokens = AdminTokens::open(&path, 30).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&path).unwrap();
    let words: Vec<&str> = text.lines().last().unwrap().split(' ').collect();
    assert_eq!((words[0], words[1].len()), ("first", 64));
    let left = words[2].parse::<Timestamp>().unwrap().duration_since(now()).as_hours();
    assert!((29 * 24..=30 * 24).contains(&left), "{left}");
    assert_eq!(&*tokens.check(words[1]).unwrap().name, "first");
    for wrong in ["", "first", &words[1][1..], &text] {
        assert_eq!(tokens.check(wrong), Err(Refused::Unknown));
    }
    assert!(AdminTokens::open(&path, 30).unwrap().check(words[1]).is_ok(), "made once");
    assert!(AdminTokens::open(&path, 29).is_err(), "longer than is allowed");
}

#[test]
fn a_token_is_kept_while_it_is_good() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("admin.token");
    put(&path, &format!("{A}\n"));
    let made = keep_or_create(&path, "dev", 90).unwrap();
    assert_eq!(*keep_or_create(&path, "dev", 90).unwrap(), *made);
    assert!(AdminTokens::open(&path, 90).unwrap().check(&made).is_ok());
    put(&path, &format!("dev {A} {}\n", in_days(6)));
    assert_ne!(*keep_or_create(&path, "dev", 90).unwrap(), *A, "it would end soon");
}

#[test]
fn a_bare_token_of_before_is_refused_with_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("admin.token");
    put(&path, &format!("{A}\n"));
    let why = AdminTokens::open(&path, 90).err().unwrap().to_string();
    assert!(why.contains("name token end") && why.contains("zaraba admin-token new"), "{why}");
    assert!(!why.contains(A), "{why}");
}

#[tokio::test]
async fn a_changed_file_is_taken_and_a_broken_one_leaves_the_last_good_set() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("admin.token");
    let a = format!("a {A} {}\n", in_days(1));
    put(&path, &a);
    let tokens = AdminTokens::open(&path, 90).unwrap();
    assert_eq!(tokens.check(B), Err(Refused::Unknown));

    put(&path, &format!("{a}b {B} {}\n", in_days(2)));
    assert_eq!(&*tokens.check_anew(B).await.unwrap().name, "b");
    assert_eq!(&*tokens.check(A).unwrap().name, "a", "beside the other");

    for broken in ["", "b\n", &format!("{a}b {B} 2026-12-0"), &format!("a {A} {}\n", in_days(91))] {
        put(&path, broken);
        tokens.refresh();
        assert_eq!(names(&tokens), ["a", "b"], "{broken}");
        assert!(tokens.0.seen.lock().problem.is_some(), "{broken}");
    }
    put(&path, &a);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    tokens.refresh();
    assert_eq!(names(&tokens), ["a", "b"], "others could have read it");
    fs::remove_file(&path).unwrap();
    tokens.refresh();
    assert_eq!(names(&tokens), ["a", "b"], "a file that is gone");

    put(&path, &a);
    tokens.refresh();
    assert_eq!(names(&tokens), ["a"]);
    assert!(tokens.0.seen.lock().problem.is_none());
    assert_eq!(tokens.check_anew(B).await, Err(Refused::Unknown));
}

#[tokio::test]
async fn a_client_is_gone_when_its_token_ends_or_is_taken_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("admin.token");
    let a = format!("a {A} {}\n", in_days(1));
    put(&path, &format!("{a}b {B} {}\n", now() + SignedDuration::from_millis(1_500)));
    let tokens = AdminTokens::open(&path, 90).unwrap();
    let (a_client, b_client) = (tokens.check(A).unwrap(), tokens.check(B).unwrap());
    // Resolves by itself, when its time has come.
    tokens.gone(b_client).await;
    assert!(matches!(tokens.check(B), Err(Refused::Ended { .. })));
    let gone = tokio::spawn({
        let tokens = tokens.clone();
        async move { tokens.gone(a_client).await }
    });
    put(&path, &format!("b {B} {}\n", in_days(1)));
    tokens.refresh();
    gone.await.unwrap();
    assert!(tokens.check(B).is_ok(), "the same token, given more time");
}

#[test]
fn what_was_told_is_forgotten_with_the_token() {
    let set = |text: &str| known(&file::parse(text, now(), 90).unwrap());
    let mut told = BTreeMap::new();
    let soon = now() + SignedDuration::from_hours(24);
    let past = now() - SignedDuration::from_hours(1);
    tell(&set(&format!("told-a {A} {soon}\ntold-b {B} {past}")), &mut told);
    let stages: Vec<&str> = told.values().copied().collect();
    assert_eq!(stages, ["ending", "ended"]);
    let seconds = |name: &str| METRICS.seconds.with_label_values(&[name]).get();
    assert!((86_000..=86_400).contains(&seconds("told-a")) && seconds("told-b") <= -3_600);
    tell(&set(&format!("told-a {A} {}", in_days(60))), &mut told);
    assert_eq!(told.len(), 1);
    assert_eq!(told.get("told-a"), Some(&"valid"));
    assert_eq!(seconds("told-b"), 0, "made anew by asking: it was taken away");
}
