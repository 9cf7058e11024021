package io.pantala.proxy.admin;

import java.util.List;

/** Whether a node takes work. */
@FunctionalInterface
public interface Readiness {
    /** What keeps it from that, a line each; empty: it is ready. May block for a disk. */
    List<String> missing();
}
