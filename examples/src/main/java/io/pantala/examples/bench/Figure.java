package io.pantala.examples.bench;

/** Something that the bench measures, and prints. */
interface Figure {
    /** Measures until all is said, or with what it has at the deadline. */
    void measure(Stage stage, Deadline deadline) throws Exception;
}
