package io.pantala.seed.preheat;

/** Hears of preheats; quick and non-blocking. */
public interface PreheatListener {
    /** One that isn't interested. */
    PreheatListener NONE = new PreheatListener() {};

    default void submitted(PreheatStatus preheat) {}

    default void finished(PreheatStatus preheat) {}
}
