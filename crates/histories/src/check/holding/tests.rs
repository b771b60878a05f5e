//! Hand-made final states of tables with files.

use model::EventKind;
use uuid::Uuid;

use crate::check::{Rule, check};
use crate::history::{Fate, History, Holding, Outcome, Remains};

const HIDDEN: Fate = Fate::Hidden { is_purge: true };

fn live() -> Fate {
    Fate::Live("n.t".to_owned())
}

/// The remains of a table that the catalog does not know any more, but whose files exist.
fn files() -> Remains {
    Remains {
        files: 3,
        is_whole: true,
        ..Remains::default()
    }
}

fn served(at: &str) -> Remains {
    Remains {
        at: Some(at.to_owned()),
        ..files()
    }
}

fn hidden() -> Remains {
    Remains {
        is_hidden: true,
        ..files()
    }
}

/// The same remains with an empty folder.
fn emptied(remains: Remains) -> Remains {
    Remains {
        files: 0,
        is_whole: false,
        ..remains
    }
}

fn rules(fates: &[Fate], outcome: Outcome, remains: Remains) -> Vec<Rule> {
    let holding = Holding {
        id: Uuid::nil(),
        name: "n.t".to_owned(),
        prefix: String::new(),
        folder: "t".into(),
        data: "t/data".into(),
        metadata: "t/metadata".into(),
        fates: fates.to_vec(),
        steps: vec![(EventKind::DropTable, outcome)],
    };
    let history = History {
        holdings: vec![(holding, remains)],
        ..History::default()
    };
    check(&history).iter().map(|found| found.rule).collect()
}

fn done(fates: &[Fate], remains: Remains) -> Vec<Rule> {
    rules(fates, Outcome::Done(None), remains)
}

#[test]
fn a_table_is_where_it_was_brought() {
    assert_eq!(done(&[live()], served("n.t")), []);
    assert_eq!(done(&[HIDDEN], hidden()), []);
    assert_eq!(done(&[Fate::Kept], files()), []);
    assert_eq!(done(&[Fate::Purged], emptied(files())), []);
    for (fate, elsewhere) in [
        (live(), served("n.u")),
        (live(), files()),
        (HIDDEN, files()),
        (
            HIDDEN,
            Remains {
                is_hidden: true,
                ..served("n.t")
            },
        ),
        (Fate::Kept, hidden()),
        (Fate::Purged, served("n.t")),
    ] {
        assert_eq!(done(&[fate], elsewhere), [Rule::Misplaced]);
    }
}

#[test]
fn files_stay_unless_they_were_to_be_purged() {
    for (fate, lost) in [
        (live(), emptied(served("n.t"))),
        (HIDDEN, emptied(hidden())),
        (Fate::Kept, emptied(files())),
    ] {
        assert_eq!(done(&[fate], lost), [Rule::Files]);
    }
    let left = files();
    assert_eq!(done(&[Fate::Purged], left), [Rule::Leftover]);
}

#[test]
fn of_an_unknown_end_either_may_be_found() {
    let either = [live(), Fate::Purged];
    let check = |remains| rules(&either, Outcome::Unknown, remains);
    assert_eq!(check(served("n.t")), []);
    assert_eq!(check(emptied(files())), []);
    assert_eq!(check(hidden()), [Rule::Misplaced]);
}

#[test]
fn nobody_is_there_because_of_whom_a_step_could_be_refused() {
    let there = served("n.t");
    let refused = rules(&[live()], Outcome::Refused(409), there);
    assert_eq!(refused, [Rule::WronglyRefused]);
}
