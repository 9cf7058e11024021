package io.pantala.proxy.setup;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** An engine that can be set up. */
public enum Engine {
    DOCKER,
    CONTAINERD,
    PODMAN,
    CRIO,
    BUILDKIT;

    /** As users write it. */
    public String title() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** All of them, as users write them. */
    public static List<String> titles() {
        return Arrays.stream(values()).map(Engine::title).toList();
    }
}
