package io.pantala.proxy.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads where blobs are kept, and how much of them. */
final class Disk {
    private static final Pattern SHARE = Pattern.compile("([0-9]{1,3})%");
    private static final int ROOT = 0;

    private Disk() {}

    static Path directory(Settings settings) {
        return settings.find(Key.DATA_DIR)
                .map(set -> set.parse(Disk::path))
                .orElseGet(() -> usualDirectory(settings.environment(), isRoot()));
    }

    static OptionalLong quota(Settings settings) {
        return settings.find(Key.DISK_QUOTA)
                .map(set -> OptionalLong.of(set.parse(text -> bytes(text, directory(settings)))))
                .orElse(OptionalLong.empty());
    }

    static Path usualDirectory(Map<String, String> environment, boolean root) {
        if (root) {
            return Path.of("/var/lib/pantala");
        }
        String state = environment.getOrDefault("XDG_STATE_HOME", "");
        Path base = Path.of(state);
        // the XDG specification: a relative path is to be ignored
        return (base.isAbsolute() ? base : Path.of(System.getProperty("user.home"), ".local", "state"))
                .resolve("pantala");
    }

    private static Path path(String text) {
        if (text.isBlank()) {
            throw new IllegalArgumentException("must name a directory");
        }
        return Path.of(text).toAbsolutePath().normalize();
    }

    private static long bytes(String text, Path data) {
        Matcher share = SHARE.matcher(text);
        if (!share.matches()) {
            if (text.contains("%")) {
                throw new IllegalArgumentException("must be a share of the disk from 1% to 100%");
            }
            return ByteSize.parse(text).bytes();
        }
        int percent = Integer.parseInt(share.group(1));
        if (percent < 1 || percent > 100) {
            throw new IllegalArgumentException("must be a share of the disk from 1% to 100%");
        }
        Path existing = data;
        while (!Files.exists(existing) && existing.getParent() != null) {
            existing = existing.getParent();
        }
        try {
            return Files.getFileStore(existing).getTotalSpace() / 100 * percent;
        } catch (IOException e) {
            throw new IllegalArgumentException("can't be told: the disk of " + existing + " doesn't say its size", e);
        }
    }

    private static boolean isRoot() {
        try {
            return Files.getAttribute(Path.of("/proc/self"), "unix:uid") instanceof Integer uid && uid == ROOT;
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            return "root".equals(System.getProperty("user.name"));
        }
    }
}
