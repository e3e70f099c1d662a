//! The tables of docs/asvs name tests: each of them is there.

use std::path::{Path, PathBuf};

/// Every source file below a folder.
fn sources(folder: &Path, into: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            into.push((path, text));
        }
    }
}

/// Whether a file or folder of this name holds a function, or is the module itself.
fn there(sources: &[(PathBuf, String)], name: &str) -> bool {
    let parts: Vec<&str> =
        name.split("::").filter(|part| !["it", "tests"].contains(part)).collect();
    let Some((last, modules)) = parts.split_last() else { return true };
    let stands_in = |path: &Path, module: &str| {
        path.components().any(|part| {
            let part = part.as_os_str().to_string_lossy();
            part.strip_suffix(".rs").unwrap_or(&part) == module
        })
    };
    sources.iter().any(|(path, text)| {
        let inside = modules.iter().all(|module| stands_in(path, module));
        inside && (text.contains(&format!("fn {last}(")) || stands_in(path, last))
    })
}

#[test]
fn every_test_that_the_asvs_tables_name_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    sources(&root.join("src"), &mut all);
    sources(&root.join("tests"), &mut all);
    sources(&root.join("../app/src"), &mut all);
    sources(&root.join("../app/tests"), &mut all);
    sources(&root.join("../secret/src"), &mut all);
    let (mut named, mut missing) = (0, Vec::new());
    for entry in std::fs::read_dir(root.join("../docs/asvs")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines().filter(|line| line.starts_with("| ")) {
            let Some(cell) = line.trim_end_matches(" |").rsplit(" | ").next() else { continue };
            for name in cell.split('`').skip(1).step_by(2).filter(|name| name.contains("::")) {
                named += 1;
                if !there(&all, name) {
                    missing.push(format!("{}: {name}", path.display()));
                }
            }
        }
    }
    assert!(named > 80, "{named} tests are named");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(!there(&all, "it::walls::nothing_of_this_name"));
}
