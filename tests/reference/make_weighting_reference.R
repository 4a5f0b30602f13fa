# Raking, and means with weights of raters, by R's survey.
#
#   Rscript make_weighting_reference.R REFERENCE_FOLDER
#
# REFERENCE_FOLDER holds sim_toxicity.csv.gz and receives weighting.json.
#
# Raters are raked to margins of gender, age and politics, those without an answer as one more level
# with the share that they have. Mean ratings with raked weights are ratios of raters' sums to their
# numbers of ratings, whose standard errors take the raking into account; those with given weights
# are svymean of ratings, clustered by rater. Groups are domains.

suppressPackageStartupMessages({library(survey); library(jsonlite)})

folder <- commandArgs(trailingOnly = TRUE)[1]
d <- read.csv(gzfile(file.path(folder, "sim_toxicity.csv.gz")), na.strings = NULL)
d <- d[!is.na(d$rating), ]
targets <- list(
  gender = c(Female = 0.51, Male = 0.47, "Non-binary" = 0.02),
  age = c("18-30" = 0.2, "31-40" = 0.17, "41-50" = 0.16, "51-60" = 0.16, "over 60" = 0.31),
  politics = c(Liberal = 0.3, Centre = 0.4, Conservative = 0.3))

raters <- d[!duplicated(d$rater), c("rater", names(targets))]
raters$y <- tapply(d$rating, d$rater, sum)[as.character(raters$rater)]
raters$m <- as.vector(table(d$rater)[as.character(raters$rater)])
margins <- lapply(names(targets), function(name) {
  left <- mean(raters[[name]] == "")
  shares <- c(targets[[name]] * (1 - left), if (left > 0) setNames(left, ""))
  setNames(data.frame(names(shares), shares * nrow(raters)), c(name, "Freq"))
})
fit <- function(complete) {
  own <- if (complete) raters[rowSums(raters[names(targets)] == "") == 0, ] else raters
  sizes <- if (!complete) margins else lapply(names(targets), function(name) setNames(
    data.frame(names(targets[[name]]), targets[[name]] * nrow(own)), c(name, "Freq")))
  design <- svydesign(ids = ~1, data = own, weights = ~1)
  rake(design, list(~gender, ~age, ~politics), sizes, control = list(maxit = 500, epsilon = 1e-10))
}
ratio <- function(design) {
  found <- svyratio(~y, ~m, design)
  list(estimate = unname(coef(found)), std_error = unname(sqrt(vcov(found)[1, 1])))
}
everyone <- fit(FALSE); complete <- fit(TRUE)
cells <- aggregate(w ~ gender + age + politics, FUN = mean,
                   data = cbind(raters, w = weights(everyone)))
d$w <- 0.5 + (d$rater %% 7) / 3
given <- svydesign(ids = ~rater, weights = ~w, data = d)
mean_of <- function(design) {
  found <- svymean(~rating, design)
  list(estimate = unname(coef(found)), std_error = unname(SE(found)[1]))
}
by_gender <- function(design, of) sapply(
  c("Female", "Male"), function(g) of(subset(design, gender == g)), simplify = FALSE)
effect <- function(w) length(w) * sum(w^2) / sum(w)^2

write_json(list(
  versions = list(R = R.version.string, survey = as.character(packageVersion("survey"))),
  targets = lapply(targets, as.list),
  cells = cells,
  design_effect = effect(weights(everyone)),
  raked = c(ratio(everyone), list(gender = by_gender(everyone, ratio))),
  complete = c(ratio(complete), list(gender = by_gender(complete, ratio))),
  given = c(mean_of(given), list(gender = by_gender(given, mean_of)))
), file.path(folder, "weighting.json"), auto_unbox = TRUE, digits = 15, pretty = TRUE)
