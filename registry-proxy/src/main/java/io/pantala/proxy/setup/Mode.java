package io.pantala.proxy.setup;

import java.util.Locale;

/** What an engine takes this host's proxy for. */
public enum Mode {
    /** A mirror of registries: it is asked first, and the registry when it doesn't answer. */
    MIRROR,

    /** The HTTP(S) proxy that leads to all registries: private images and pushes go through it too. */
    PROXY;

    /** As users write it. */
    public String title() {
        return name().toLowerCase(Locale.ROOT);
    }
}
