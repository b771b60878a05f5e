//! The contract of every store, as tests: `store::conformance!(make)` runs them all on a store.
//!
//! `make` is an expression whose future yields a fresh, migrated, empty store, or a [`Subject`]. Each case becomes
//! a test of its own with a store of its own:
//!
//! ```text
//! store::conformance!(async { my_store::open_empty().await });
//! ```
//!
//! Behaviour that no case tests is not part of the contract.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "these are tests, though they stand in a library"
)]

#[doc(hidden)]
pub mod bulk;
#[doc(hidden)]
pub mod commit;
#[doc(hidden)]
pub mod concurrency;
pub mod crash;
#[doc(hidden)]
pub mod event_sink;
mod fixture;
#[doc(hidden)]
pub mod grants;
#[doc(hidden)]
pub mod grants_life;
#[doc(hidden)]
pub mod grants_repeated;
#[doc(hidden)]
pub mod idempotency;
#[doc(hidden)]
pub mod location;
#[doc(hidden)]
pub mod mirror;
#[doc(hidden)]
pub mod namespace;
#[doc(hidden)]
pub mod namespace_drop;
#[doc(hidden)]
pub mod namespace_move;
#[doc(hidden)]
pub mod namespace_moves;
#[doc(hidden)]
pub mod obsolete_file;
#[doc(hidden)]
pub mod outbox;
#[doc(hidden)]
pub mod overlap;
#[doc(hidden)]
pub mod project;
#[doc(hidden)]
pub mod race;
#[doc(hidden)]
pub mod resolve;
#[doc(hidden)]
pub mod role;
#[doc(hidden)]
pub mod role_member;
#[doc(hidden)]
pub mod search;
#[doc(hidden)]
pub mod secret;
#[doc(hidden)]
pub mod server;
#[doc(hidden)]
pub mod soft_deletion;
#[doc(hidden)]
pub mod statistics;
#[doc(hidden)]
pub mod tabular;
#[doc(hidden)]
pub mod tag;
#[doc(hidden)]
pub mod tag_definition;
#[doc(hidden)]
pub mod task;
#[doc(hidden)]
pub mod task_state;
#[doc(hidden)]
pub mod user;
#[doc(hidden)]
pub mod warehouse;

mod subject;

pub use subject::Subject;
#[doc(hidden)]
pub use subject::run;

/// Turns each case of the suite into a test. See [`store::conformance`](mod@crate::conformance).
#[macro_export]
macro_rules! conformance {
    ($make:expr) => {
        $crate::conformance_cases! { [$crate::conformance_tests] $make }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($make:expr; $($entity:ident: $($case:ident)*;)*) => {
        async fn conformance_subject() -> $crate::conformance::Subject {
            $crate::conformance::Subject::from($make.await)
        }
        $(mod $entity {
            $(#[test]
            fn $case() {
                $crate::conformance::run(
                    super::conformance_subject(),
                    |store| async move { $crate::conformance::$entity::$case(&store).await },
                );
            })*
        })*
    };
}

/// The list of all cases.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_cases {
    ([$($then:tt)*] $make:expr) => {
        $($then)*! { $make;
            server:
                the_one_row_has_an_id_that_stays
                bootstrap_happens_once
                bootstrap_creates_the_default_project
                bootstrap_keeps_an_existing_project
                one_that_is_opened_again_is_bootstrapped_once_more
                of_concurrent_bootstraps_one_wins;
            project:
                what_was_created_is_loaded
                a_taken_id_is_refused
                what_is_missing_is_not_found
                lists_are_cut_into_pages_by_id
                a_rename_changes_the_name_only
                a_project_with_warehouses_stays;
            warehouse:
                what_was_created_is_loaded
                it_needs_its_project
                names_are_unique_in_a_project_but_for_case
                base_locations_never_overlap
                lists_are_cut_into_pages_by_folded_name
                an_update_replaces_what_may_change
                a_stale_or_pointless_update_is_refused
                what_is_not_empty_stays
                a_dropped_one_leaves_room;
            namespace:
                what_was_created_is_loaded
                it_needs_its_warehouse_and_parent
                paths_are_unique_but_for_case
                warehouses_do_not_see_each_other
                odd_and_long_names_are_kept
                lists_show_direct_children_only
                lists_are_cut_into_pages_by_folded_path
                pages_stay_stable_under_change
                an_update_replaces_properties_and_protection
                a_stale_or_pointless_update_is_refused
                as_many_properties_as_allowed_are_kept;
            namespace_drop:
                a_tree_is_everything_below
                an_empty_one_goes
                what_is_missing_is_not_found
                what_holds_others_stays
                a_tree_goes_as_it_was_seen
                what_has_changed_since_is_stale
                what_has_come_since_keeps_it
                a_large_tree_goes_at_once;
            namespace_move:
                all_that_is_below_goes_along
                who_has_looked_before_looks_again
                the_case_of_a_name_can_change
                a_refused_move_changes_nothing
                what_has_changed_since_is_stale
                only_those_tables_go_along_that_were_seen_if_that_matters
                what_is_soft_deleted_goes_along
                grants_lie_where_it_goes
                a_path_may_not_grow_beyond_its_bound;
            namespace_moves:
                any_history_of_moves_is_that_of_the_model
                of_two_moves_into_each_other_one_wins
                nothing_comes_along_unseen
                whatever_happens_in_what_moves_happens_once
                what_is_made_by_a_path_is_made_before_the_move_or_not_at_all;
            tabular:
                what_was_created_is_loaded
                another_warehouse_does_not_have_it
                lists_show_one_kind_in_pages_by_folded_name
                lists_at_the_same_time_get_each_its_own_page
                a_generic_table_is_told_with_its_format
                names_and_places_are_shared_by_all_kinds
                pages_stay_stable_under_change
                a_rename_moves_and_counts
                a_rename_may_change_the_case_only
                a_refused_rename_changes_nothing
                protection_is_set_and_counts
                a_drop_frees_name_id_and_location
                a_lost_race_is_stale_and_tells_the_current_row;
            tag_definition:
                a_definition_is_kept_as_it_is
                another_project_does_not_have_the_definition
                a_project_has_one_tag_of_a_name
                definitions_are_listed_in_pages_by_folded_name
                a_definition_changes_once_for_each_version
                grants_on_a_definition_live_as_long_as_it;
            tag:
                a_tag_is_attached_valued_and_detached
                what_is_not_there_gets_no_tag
                of_many_attached_at_once_as_many_stay_as_allowed
                tags_go_down_and_the_nearest_wins
                tags_of_columns_are_told_by_field_id
                attachments_are_told_in_pages_and_by_filters
                a_definition_in_use_stays
                tags_follow_a_rename_and_go_with_what_they_are_attached_to;
            commit:
                a_swap_replaces_content_and_counts
                a_new_version_is_kept_as_given
                all_changes_come_true_together
                one_stale_swap_undoes_all
                a_gone_row_is_stale_without_a_current_one
                another_warehouses_row_is_gone
                a_creation_needs_its_namespace
                names_are_shared_by_tables_and_views_but_for_case
                a_taken_id_is_refused
                a_refused_creation_undoes_all
                a_replaced_entry_makes_room
                a_replaced_entry_must_be_as_expected
                twins_in_one_commit_are_refused
                large_metadata_survives
                the_longest_name_and_location_fit
                as_many_tables_as_allowed_fit_one_commit;
            location:
                overlaps_are_refused
                neighbours_are_not_overlaps
                warehouses_do_not_share_locations
                a_move_is_checked_and_keeps_the_old_place
                a_table_moves_into_around_and_back_to_its_own_places
                former_locations_are_told_of_those_that_were_asked_for
                what_lies_in_a_place_finds_whose_it_is
                what_a_creation_would_be_refused_for_is_told
                places_are_not_handed_on_by_a_move
                what_replaces_a_table_may_be_at_any_of_its_places
                a_drop_frees_every_place
                twins_in_one_commit_overlap
                what_a_task_will_empty_is_taken;
            overlap:
                places_are_given_as_a_model_allows;
            resolve:
                answers_come_in_the_order_of_the_keys
                what_is_absent_is_none
                names_match_without_case
                content_comes_only_when_it_is_asked_for
                whatever_happens_to_a_table_or_view_is_a_change
                a_namespace_row_comes_whole
                an_inactive_warehouse_says_so
                many_keys_are_answered_at_once
                a_read_sees_what_was_acknowledged_before;
            idempotency:
                a_record_is_loaded
                a_used_key_refuses_another_record
                a_used_key_refuses_a_change_before_anything_else
                a_change_takes_all_its_keys_or_none
                a_refused_change_leaves_the_key_free
                of_two_with_one_key_one_is_applied
                a_key_is_free_again_if_its_record_is_as_it_was_read
                old_records_are_trimmed_in_portions;
            obsolete_file:
                what_a_swap_makes_obsolete_is_noted_with_it
                a_table_has_one_task_however_many_commits
                its_task_is_done_when_nothing_is_noted_any_more
                of_a_commit_and_an_end_at_once_nothing_is_left_without_a_task
                they_go_with_the_table_and_not_before;
            outbox:
                events_come_in_the_order_of_their_changes
                they_are_read_in_portions
                old_ones_are_trimmed_in_portions
                the_first_go_as_long_as_there_are_too_many
                many_that_nobody_has_read_go_at_once
                the_first_go_as_long_as_there_are_too_many_bytes
                how_far_it_reaches_is_told
                a_read_is_bounded_in_bytes
                a_place_is_never_given_twice
                a_reader_that_follows_misses_nothing;
            event_sink:
                one_holder_at_a_time_brings_events_to_a_sink
                of_many_that_claim_one_sink_one_gets_it
                what_a_sink_has_got_is_kept_for_the_next_holder
                a_new_sink_begins_with_the_oldest_event
                what_a_sink_refuses_is_kept_with_the_reason
                old_dead_letters_are_trimmed_in_portions;
            task:
                a_task_is_claimed_when_it_is_due
                a_claimed_task_is_nobody_elses
                a_lost_lease_makes_it_due_again
                a_lease_can_be_prolonged
                an_ended_task_is_gone
                whatever_the_message_says_the_task_ends
                a_retry_waits_and_counts
                what_is_given_back_waits_and_does_not_count
                who_does_not_hold_it_may_not_touch_it
                warehouses_take_turns
                queues_do_not_see_each_other
                a_taken_id_or_missing_warehouse_refuses_the_change
                the_log_is_trimmed_of_ended_tasks_only
                no_two_workers_get_one_task
                ten_thousand_tasks_of_one_warehouse_starve_no_other;
            task_state:
                its_whole_life_can_be_seen
                the_attempt_of_a_dead_worker_is_logged
                lists_show_the_latest_first_and_what_fits_only
                a_worker_hears_that_it_is_to_stop
                a_cancelled_task_is_nobodys
                a_waiting_task_is_started_when_it_is_wanted
                a_configuration_is_kept_for_each_scope_and_queue
                a_project_has_one_task_of_its_own_at_a_time
                what_becomes_of_tasks_is_told_with_it;
            soft_deletion:
                it_is_nowhere_its_name_is_free_and_its_place_is_not
                they_are_listed_in_pages_with_their_expiry
                what_is_undropped_is_as_it_was
                names_that_are_taken_meanwhile_are_told
                a_tree_goes_and_comes_back_as_it_was
                a_path_that_is_taken_meanwhile_is_told
                a_namespace_takes_no_files_of_generic_tables_along
                drops_within_drops_come_back_together
                an_expired_one_is_gone_for_good
                namespaces_go_with_the_last_that_could_bring_them_back
                a_hard_drop_takes_what_was_soft_deleted_along;
            bulk:
                ten_thousand_tables_go_and_come_back_at_once
                ten_thousand_namespaces_go_and_come_back_at_once;
            user:
                what_was_created_is_loaded
                a_known_id_is_refused
                what_is_missing_is_not_found
                an_update_replaces_all_but_the_beginning
                a_dropped_one_is_forgotten
                lists_are_cut_into_pages_by_id_and_filtered_by_name
                a_search_forgives_mistakes_and_puts_the_best_first
                a_character_that_cannot_be_kept_is_no_fault_of_the_store;
            grants:
                what_is_given_is_told_directly_and_on_the_way
                giving_and_taking_back_can_be_repeated
                a_change_is_made_as_a_whole
                lists_are_cut_into_stable_pages
                what_lies_below_is_told_of_no_sibling
                managed_access_holds_for_all_below;
            grants_life:
                whoever_makes_a_thing_is_given_it_at_once
                a_refused_creation_gives_nothing
                grants_end_with_what_they_are_on
                grants_end_with_whom_they_were_given_to
                what_nobody_known_has_been_given_ends_with_being_forgotten
                grants_on_what_is_soft_deleted_are_found_and_taken_back
                grants_move_with_what_they_are_on
                a_change_steps_the_version_where_it_counts;
            grants_repeated:
                a_grant_that_is_there_and_one_that_is_not_refuse_the_change
                a_member_that_is_there_and_one_that_is_not_refuse_the_change
                of_many_equal_changes_at_once_one_is_made;
            role:
                what_was_created_is_loaded
                lists_are_filtered_and_searches_forgive_mistakes
                an_update_replaces_what_it_is_called
                changes_at_once_are_all_made_and_counted;
            role_member:
                who_is_in_a_role_is_in_those_above
                a_token_names_roles_of_the_projects_that_matter_and_of_the_server
                members_come_together_or_not_at_all
                roles_form_no_circle_and_nest_so_deep
                of_crossing_memberships_none_makes_a_circle
                who_is_in_a_role_and_who_owns_it_change_together
                what_a_role_has_been_given_ends_with_it;
            search:
                names_with_mistakes_are_found_the_best_first
                ids_find_a_table_or_all_in_a_namespace
                what_is_soft_deleted_takes_no_place_among_what_an_id_finds
                what_a_search_finds_is_what_is_there
                one_among_very_many_alike_is_found
                the_longest_name_is_found;
            statistics:
                calls_of_all_replicas_add_up
                calls_are_told_by_hour_the_latest_first
                what_nobody_knows_counts_for_who_asked_or_nobody
                old_counts_go
                tables_and_views_are_counted_while_they_have_a_row
                hours_that_are_long_past_are_told_as_one;
            mirror:
                whoever_takes_it_in_knows_what_is_true
                a_table_that_is_replaced_by_itself_is_still_known
                what_is_not_taken_in_comes_again
                nothing_is_recorded_while_it_is_off
                how_much_is_known_is_told_until_it_is_switched_off
                what_is_looked_at_again_is_fed_as_it_is_now;
            secret:
                what_was_created_is_loaded
                a_taken_id_is_refused
                a_drop_forgets
                bytes_are_replaced_only_where_they_were_seen
                pages_show_each_secret_once
                heads_are_counted_of_what_warehouses_use
                orphans_are_old_and_unused;
            concurrency:
                writers_of_one_table_win_one_by_one
                writers_of_many_tables_all_win
                overlapping_multi_table_commits_never_deadlock
                readers_never_see_half_a_commit;
            race:
                of_many_creations_of_one_name_one_wins
                of_overlapping_creations_one_wins
                of_overlapping_moves_one_wins
                nobody_gets_in_where_a_table_moves_away
                of_overlapping_warehouses_one_wins
                a_dropped_namespace_leaves_no_orphan
                a_dropped_parent_leaves_no_orphan
                a_dropped_warehouse_leaves_no_orphan
                of_crossing_renames_each_ends_well
                of_an_undrop_and_a_failed_expiry_no_task_is_left;
        }
    };
}

#[cfg(test)]
mod tests {
    macro_rules! listed {
        ($make:expr; $($entity:ident: $($case:ident)*;)*) => {
            [$((
                include_str!(concat!("conformance/", stringify!($entity), ".rs")),
                &[$(stringify!($case)),*][..],
            )),*]
        };
    }

    #[test]
    fn every_case_is_listed() {
        for (source, listed) in crate::conformance_cases! { [listed] () } {
            let written: Vec<&str> = source
                .lines()
                .filter_map(|line| line.strip_prefix("pub async fn "))
                .filter_map(|rest| rest.split('(').next())
                .collect();
            assert_eq!(written, listed);
        }
    }
}
