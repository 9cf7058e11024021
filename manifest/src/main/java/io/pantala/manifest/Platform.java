package io.pantala.manifest;

import org.jspecify.annotations.Nullable;

/**
 * The platform an image of an index is for (OCI image index, platform).
 *
 * @param variant such as {@code v8}; null when the index names none, and in a request: any
 */
public record Platform(
        String os, String architecture, @Nullable String variant) {
    public Platform {
        if (os.isEmpty() || architecture.isEmpty()) {
            throw new IllegalArgumentException("a platform reads os/architecture or os/architecture/variant");
        }
    }

    /** Reads {@code os/architecture[/variant]}. */
    public static Platform parse(String text) {
        String[] parts = text.split("/", -1);
        if (parts.length < 2 || parts.length > 3 || (parts.length == 3 && parts[2].isEmpty())) {
            throw new IllegalArgumentException(
                    "not a platform: '" + text + "' must read os/architecture or os/architecture/variant");
        }
        return new Platform(parts[0], parts[1], parts.length == 3 ? parts[2] : null);
    }

    /** Whether an image for {@code offered} is what someone asking for this platform means. */
    public boolean accepts(Platform offered) {
        return os.equals(offered.os)
                && architecture.equals(offered.architecture)
                && (variant == null || variant.equals(offered.variant));
    }

    @Override
    public String toString() {
        return os + "/" + architecture + (variant == null ? "" : "/" + variant);
    }
}
