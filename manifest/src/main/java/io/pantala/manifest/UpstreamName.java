package io.pantala.manifest;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The name by which users know a registry: {@code host[:port]}, in lower case, without the default port 443; the three
 * names of Docker Hub are one, {@code docker.io}.
 *
 * @param value such as {@code ghcr.io}, {@code registry.local:5000} or {@code [fd00::1]:5000}
 */
public record UpstreamName(String value) implements Comparable<UpstreamName> {
    private static final Pattern AUTHORITY =
            Pattern.compile("([a-z0-9]([a-z0-9._-]{0,252})|[a-z0-9]|\\[[0-9a-f:.]{2,45}])(:(?<port>[0-9]{1,5}))?");

    public static final UpstreamName DOCKER_HUB = new UpstreamName("docker.io");

    public UpstreamName {
        Matcher authority = AUTHORITY.matcher(value);
        if (!authority.matches() || !isPort(authority.group("port"))) {
            throw new IllegalArgumentException("not the name of a registry: it must read host or host:port");
        }
    }

    /** Reads a name as engines and users write it. */
    public static UpstreamName parse(String text) {
        String name = text.toLowerCase(Locale.ROOT);
        if (name.endsWith(":443")) {
            name = name.substring(0, name.length() - ":443".length());
        }
        return switch (name) {
            case "docker.io", "index.docker.io", "registry-1.docker.io" -> DOCKER_HUB;
            default -> new UpstreamName(name);
        };
    }

    private static boolean isPort(@Nullable String port) {
        return port == null || (Integer.parseInt(port) >= 1 && Integer.parseInt(port) <= 65_535);
    }

    @Override
    public int compareTo(UpstreamName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
