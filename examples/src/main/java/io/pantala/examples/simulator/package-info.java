/** A swarm of thousands of hosts on virtual time, conducted by the class that conducts real ones. */
@NullMarked
package io.pantala.examples.simulator;

import org.jspecify.annotations.NullMarked;
