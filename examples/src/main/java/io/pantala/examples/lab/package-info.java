/** The swarm lab: many hosts on one machine, behind links of known rates. */
@NullMarked
package io.pantala.examples.lab;

import org.jspecify.annotations.NullMarked;
