//! Tells local file systems from those that need a network.

use std::path::Path;

/// File systems that are known to be local, by their numbers in statfs(2).
#[cfg(target_os = "linux")]
const OF_THIS_MACHINE: [u64; 7] = [
    0xEF53,      // ext2, ext3 and ext4
    0x5846_5342, // XFS
    0x9123_683E, // Btrfs
    0x2FC1_2FC1, // ZFS
    0xF2F5_2010, // F2FS
    0x794C_7630, // overlayfs, in containers
    0x0102_1994, // tmpfs
];

/// Whether `path` is known to be on a disk, or in the memory, of this machine. NFS, SMB and file systems that a
/// process serves (FUSE) may block a thread for as long as their server is away.
#[cfg(target_os = "linux")]
pub(super) fn is_of_this_machine(path: &Path) -> bool {
    let found = rustix::fs::statfs(path).ok();
    let kind = found.and_then(|found| u64::try_from(found.f_type).ok());
    kind.is_some_and(|kind| OF_THIS_MACHINE.contains(&kind))
}

/// Unknown on other systems.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_of_this_machine(_: &Path) -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_of_this_machine() {
        // A file system that every Linux has and that is not on the list, and a path that does not exist.
        assert!(!is_of_this_machine(Path::new("/proc")));
        assert!(!is_of_this_machine(Path::new("/proc/no-such-path")));
    }

    #[test]
    fn the_numbers_are_those_of_the_kernel() {
        let known = ["ext4", "xfs", "btrfs", "zfs", "f2fs", "overlay", "tmpfs"];
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
        let mounts: Vec<_> = mounts
            .lines()
            .map(|l| l.split(' ').collect::<Vec<_>>())
            .collect();
        for (number, mount) in mounts.iter().enumerate() {
            let (path, kind) = (Path::new(mount[1]), mount[2]);
            let mut later = mounts.iter().skip(number + 1);
            let is_hidden = later.any(|later| path.starts_with(later[1]));
            if known.contains(&kind) && !is_hidden && path.read_dir().is_ok() {
                assert!(is_of_this_machine(path), "{mount:?}");
            }
        }
    }
}
